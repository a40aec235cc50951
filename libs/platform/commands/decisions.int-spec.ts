import { randomUUID } from 'node:crypto';
import type { CommandRefused } from '#kernel/event';
import { ann, bin, by, count, fill, newBin, send } from '#platform/testing/bin';
import { inContext } from '#platform/security/context';
import { testStore, type TestStore } from '#platform/testing/testing';
import { EventStore, StoreUnavailable } from '#platform/store/event-store';
import { parseToken } from '#platform/store/log-mark';
import type { Command } from './command';
import { Decisions } from './decisions';

describe('commands on a real store', () => {
  let node: TestStore;
  let store: EventStore;
  let decisions: Decisions;
  const stores: EventStore[] = [];
  const another = () => {
    const connected = new EventStore(node.url, 3_000);
    stores.push(connected);
    return new Decisions(connected);
  };
  const run = (command: Command, context = by(ann), on = decisions) => send(on, command, context);

  beforeAll(async () => {
    node = await testStore();
    store = new EventStore(node.url, 3_000);
    stores.push(store);
    decisions = new Decisions(store);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((connected) => connected.close()));
    await node.stop();
  });

  it('appends what was decided with complete metadata', async () => {
    const id = newBin();
    const receipt = await run(fill(id, 3, { reason: 'shift start', occurredAt: '2026-01-05T08:00:00+02:00', device: 'T7' }));
    expect(receipt).toMatchObject({ id, stream: `bin-${id}`, revision: '0', changed: true, events: ['BinFilled'] });
    const [event] = await store.read(`bin-${id}`);
    expect(event).toMatchObject({ type: 'BinFilled', data: { pieces: 3 }, revision: 0n });
    expect(event!.position).toBe(parseToken(receipt.token)!.position);
    expect(event!.metadata).toMatchObject({
      command: 'FillBin',
      actor: 'ann',
      role: 'operator',
      facility: 'haifa',
      reason: 'shift start',
      device: 'T7',
      clock: 'client',
      schema: 1,
      occurredAt: '2026-01-05T08:00:00+02:00',
      commandId: receipt.commandId,
      causationId: receipt.commandId,
    });
  });

  it('gives the first answer to a repeated command id, also from another app and after a restart', async () => {
    const id = newBin();
    const command = fill(id, 4, { commandId: randomUUID() });
    const first = await run(command);
    await run(fill(id, 1));
    expect(await run(command)).toEqual(first);
    expect(await run(command, by(ann), another())).toEqual(first);
    await node.kill();
    await node.start();
    expect(await run(command, by(ann), another())).toEqual(first);
    expect(await store.read(`bin-${id}`)).toHaveLength(2);
  });

  it('writes once when twenty clients of two apps send the same command at once', async () => {
    const id = newBin();
    const command = fill(id, 2, { commandId: randomUUID() });
    const second = another();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => run(command, by(ann), n % 2 ? second : decisions)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await store.read(`bin-${id}`)).toHaveLength(1);
  });

  it('refuses a command id that was used for another command', async () => {
    const id = newBin();
    const commandId = randomUUID();
    await run(fill(id, 1, { commandId }));
    await expect(run(fill(id, 2, { commandId }))).rejects.toMatchObject({ status: 409, code: 'command-id-reused' });
    await expect(run(fill(id, 2, { commandId }), by(ann), another())).rejects.toMatchObject({ status: 409 });
  });

  it('never lets two apps break a rule together', async () => {
    const id = newBin();
    const [a, b] = [another(), another()];
    const results = await Promise.allSettled(Array.from({ length: 16 }, (_, n) => run(fill(id, 1), by(ann), n % 2 ? a : b)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await store.read(`bin-${id}`)).toHaveLength(10);
  });

  it('decides on what others have written in the meantime', async () => {
    const id = newBin();
    const other = another();
    await run(fill(id, 9));
    await run(count(id, 0), by(ann), other);
    await expect(run(fill(id, 9))).resolves.toMatchObject({ revision: '2' });
  });

  it('records a refusal once in the stream, and changes nothing else', async () => {
    const id = newBin();
    const command = fill(id, 11, { commandId: randomUUID() });
    await expect(run(command)).rejects.toMatchObject({ status: 422, code: 'bin-too-full' });
    await expect(run(command)).rejects.toMatchObject({ status: 422, code: 'bin-too-full' });
    expect(await store.read(`bin-${id}`)).toEqual([]);
    const refusals = await store.read<CommandRefused>(`bin-${id}`, 0n, { bookkeeping: true });
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({
      type: 'CommandRefused',
      data: { code: 'bin-too-full', command: 'FillBin', target: `bin-${id}`, payload: { pieces: 11 } },
      metadata: { actor: 'ann', facility: 'haifa' },
    });
  });

  it('also records refused commands without an id, and limits how much it records of a large one', async () => {
    const id = newBin();
    const reason = 'x'.repeat(100_000);
    for (let tries = 0; tries < 2; tries += 1) await expect(run(fill(id, 11, { reason }))).rejects.toMatchObject({ status: 422 });
    const refusals = await store.read<CommandRefused>(`bin-${id}`, 0n, { bookkeeping: true });
    expect(refusals.map(({ data }) => data.payload)).toEqual(Array(2).fill({ binId: id, pieces: 11, reason: { omittedBytes: 100_002 } }));
  });

  it('respects the revision that the client expects', async () => {
    const id = newBin();
    await run(fill(id, 1, { expectedRevision: '-1' }));
    await run(fill(id, 1, { expectedRevision: '0' }));
    await expect(run(fill(id, 1, { expectedRevision: '0' }))).rejects.toMatchObject({ status: 412, code: 'stale-revision' });
  });

  it('refuses commands from the future, but neither observed facts nor what a process repeats by the clock of another app', async () => {
    const id = newBin();
    const occurredAt = new Date(Date.now() + 3_600_000).toISOString();
    await expect(run(fill(id, 1, { occurredAt }))).rejects.toMatchObject({ code: 'occurred-in-the-future' });
    await expect(run(count(id, 1, { occurredAt }))).resolves.toMatchObject({ changed: true });
    const process = by({ actor: 'process:when-x-y', roles: ['process'], scopes: ['haifa'] });
    await expect(run(fill(id, 2, { occurredAt }), process)).resolves.toMatchObject({ changed: true });
  });

  it('gives the same answer for an id of another facility as for one that does not exist', async () => {
    const existing = newBin().replace('haifa', 'lyon');
    await run(fill(existing, 9), by({ ...ann, scopes: ['*'] }));
    const absent = newBin().replace('haifa', 'lyon');
    const answer = (binId: string) => run(fill(binId, 5)).catch((problem: unknown) => problem);
    expect(await answer(existing)).toEqual(await answer(absent));
    expect(await store.read(`bin-${existing}`)).toHaveLength(1);
  });

  it('refuses a command that reaches another scope than those of its sender', async () => {
    const id = newBin();
    const reaching = (scope: string) =>
      inContext(by(ann), () => decisions.run({ ...bin, reaches: () => ['haifa', scope] }, 'FillBin', fill(id, 1)));
    await expect(reaching('lyon')).rejects.toMatchObject({ status: 403, code: 'facility-not-in-scope' });
    expect(await store.read(`bin-${id}`)).toHaveLength(0);
    await expect(reaching('haifa')).resolves.toMatchObject({ changed: true });
  });

  it('refuses a command that no role of the caller may send', async () => {
    await expect(run(fill(newBin(), 1), by({ ...ann, roles: ['auditor'] }))).rejects.toMatchObject({ status: 403 });
  });

  it.each([
    ['is appended once if the disk is full: what was refused was not written', 'The node cannot write: ENOSPC: no space left', 1],
    ['is appended again if the answer is lost, once it is known that it was not written', '14 UNAVAILABLE: the connection broke off', 3],
  ])('%s', async (_, fault, times) => {
    const append = jest.spyOn(store, 'append').mockImplementation(() => Promise.reject(new StoreUnavailable(new Error(fault))));
    try {
      await expect(run(fill(newBin(), 1))).rejects.toBeInstanceOf(StoreUnavailable);
      expect(append).toHaveBeenCalledTimes(times);
    } finally {
      append.mockRestore();
    }
  });

  it('is unavailable while the store is down, and recovers without a restart', async () => {
    const id = newBin();
    await run(fill(id, 1));
    await node.kill();
    await expect(run(fill(id, 1))).rejects.toThrow('does not answer');
    await node.start();
    const command = fill(id, 1, { commandId: randomUUID() });
    let receipt;
    for (let tries = 0; !receipt && tries < 20; tries += 1) receipt = await run(command).catch(() => undefined);
    expect(receipt).toMatchObject({ revision: '1' });
  }, 60_000);
});
