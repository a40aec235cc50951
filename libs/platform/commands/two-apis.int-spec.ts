import { randomUUID } from 'node:crypto';
import type { Event } from '#kernel/event';
import { ann, ben, bin, by, count, fill, label, newBin, send, stamp, type Bin } from '#platform/testing/bin';
import { testStore, type TestStore } from '#platform/testing/testing';
import { EventStore } from '#platform/store/event-store';
import type { Command } from './command';
import { Decisions } from './decisions';

describe('two apis on one store', () => {
  let node: TestStore;
  let store: EventStore;
  const stores: EventStore[] = [];
  const api = () => {
    const connected = new EventStore(node.url, 3_000);
    stores.push(connected);
    return new Decisions(connected);
  };
  const facts = (id: string) => store.read<Event>(`bin-${id}`);
  const answer = (on: Decisions, command: Command, context = by(ann)): Promise<unknown> =>
    send(on, command, context).catch(({ status, code, message, extra }: Record<string, unknown>) => ({ status, code, message, extra }));
  const withId = () => ({ commandId: randomUUID() });
  /** Starts the given work with the clock moved. */
  const ahead = <T>(ms: number, begin: () => T): T => {
    jest.useFakeTimers({
      now: Date.now() + ms,
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask', 'performance'],
    });
    try {
      return begin();
    } finally {
      jest.useRealTimers();
    }
  };

  beforeAll(async () => {
    node = await testStore();
    store = new EventStore(node.url, 3_000);
    stores.push(store);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((connected) => connected.close()));
    await node.stop();
  });

  it('never confuse another command with the one that used the id before, and keep deciding on what is in the log', async () => {
    const [a, b, id, x] = [api(), api(), newBin(), withId()];
    await send(b, fill(id, 1));
    await send(a, fill(id, 2, x));
    expect(await answer(b, fill(id, 5, x))).toMatchObject({ status: 409, code: 'command-id-reused' });
    expect((await facts(id)).map(({ data }) => data)).toEqual([{ pieces: 1 }, { pieces: 2 }]);
    await expect(send(b, fill(id, 7))).resolves.toMatchObject({ revision: '2' });
    expect(await answer(b, fill(id, 1))).toMatchObject({ code: 'bin-too-full', extra: { facts: { pieces: 10 } } });
  });

  it('always give the same answer to a command that changed nothing, whatever has happened since', async () => {
    const [a, b, id, x] = [api(), api(), newBin(), withId()];
    await send(a, label(id, 'red'));
    const first = await answer(a, label(id, 'red', x));
    expect(first).toMatchObject({ changed: false, revision: '0', events: [] });
    await send(b, label(id, 'blue'));
    for (const on of [a, b, api()]) expect(await answer(on, label(id, 'red', x))).toEqual(first);
    await node.kill();
    await node.start();
    for (const on of [a, b, api()]) expect(await answer(on, label(id, 'red', x))).toEqual(first);
    expect(await answer(b, label(id, 'green', x))).toMatchObject({ status: 409 });
    expect((await facts(id)).map(({ data }) => data)).toEqual([{ label: 'red' }, { label: 'blue' }]);
  });

  it('always give the same answer to a refused command, even once the rule would allow it', async () => {
    const [a, b, id, x] = [api(), api(), newBin(), withId()];
    await send(a, fill(id, 9));
    const first = await answer(a, fill(id, 2, x));
    expect(first).toMatchObject({ status: 422, code: 'bin-too-full', extra: { facts: { pieces: 9 } } });
    await send(b, count(id, 0));
    for (const on of [a, b, api()]) expect(await answer(on, fill(id, 2, x))).toEqual(first);
    expect(await answer(b, fill(id, 3, x))).toMatchObject({ status: 409 });
    expect(await facts(id)).toHaveLength(2);
  });

  it.each([
    ['changes something', (id: string, x: object) => fill(id, 2, x)],
    ['writes two events', (id: string, x: object) => stamp(id, x)],
    ['changes nothing', (id: string, x: object) => fill(id, 0, x)],
    ['is refused', (id: string, x: object) => fill(id, 11, x)],
  ])('give twenty senders of one command that %s one answer, and record it once', async (_, command) => {
    const [a, b, id, x] = [api(), api(), newBin(), withId()];
    await ahead(3_600_000, () => send(a, stamp(id)));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => answer(n % 2 ? a : b, command(id, x))));
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
    const recorded = await store.read(`bin-${id}`, 1n, { bookkeeping: true });
    expect(new Set(recorded.map(({ metadata }) => metadata.commandId))).toEqual(new Set([x.commandId]));
    expect(recorded.length).toBeLessThanOrEqual(2);
    expect(await answer(api(), command(id, x))).toEqual(answers[0]);
  });

  it('answer according to the log even if the clock of one is an hour ahead', async () => {
    const [a, b, id] = [api(), api(), newBin()];
    await send(a, stamp(id));
    await send(b, stamp(id));
    for (let round = 0; round < 6; round += 1) {
      const x = withId();
      const answers = await Promise.all([
        ahead(round % 2 ? 3_600_000 : 0, () => answer(a, stamp(id, x))),
        ahead(round % 2 ? 0 : 3_600_000, () => answer(b, stamp(id, x))),
      ]);
      const written = (await facts(id)).filter(({ metadata }) => metadata.commandId === x.commandId);
      const told = { changed: true, revision: String(written.at(-1)!.revision), events: written.map(({ type }) => type) };
      for (const each of answers) expect(each).toMatchObject(told);
      // A memory that differs from the log would decide differently.
      const known = (await facts(id)).reduce<Bin>((state, event) => bin.evolve(state, event as never), bin.initial);
      if (known.label) for (const on of [a, b]) expect(await answer(on, label(id, known.label))).toMatchObject({ events: [] });
    }
  });

  it('treat a command of another person as another command, whatever its id', async () => {
    const [a, b, id, x] = [api(), api(), newBin(), withId()];
    const first = await answer(a, fill(id, 2, x));
    expect(await answer(b, fill(id, 2, x), by(ben))).toMatchObject({ changed: true, revision: '1' });
    expect(await answer(b, fill(id, 2, x))).toEqual(first);
    expect((await facts(id)).map(({ metadata }) => metadata.actor)).toEqual(['ann', 'ben']);
  });

  it('count revisions by facts: a command that was refused or changed nothing does not make an ETag stale', async () => {
    const [a, b, id] = [api(), api(), newBin()];
    await send(a, fill(id, 1));
    await answer(a, fill(id, 11));
    await send(b, fill(id, 0, withId()));
    await expect(send(b, fill(id, 0))).resolves.toMatchObject({ revision: '0', changed: false });
    const { revision } = await send(a, fill(id, 1, { expectedRevision: '0' }));
    expect(revision).toBe(String((await facts(id)).at(-1)!.revision));
    expect(await answer(b, fill(id, 1, { expectedRevision: '0' }))).toMatchObject({ status: 412, extra: { facts: { actual: revision } } });
    await expect(send(b, fill(id, 1, { expectedRevision: revision }))).resolves.toMatchObject({ changed: true });
  });

  it('leave no record of a command without an id that changed nothing', async () => {
    const [a, id] = [api(), newBin()];
    await send(a, fill(id, 1));
    await send(a, fill(id, 0));
    expect(await store.read(`bin-${id}`, 0n, { bookkeeping: true })).toHaveLength(1);
  });
});
