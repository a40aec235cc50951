import { randomUUID } from 'node:crypto';
import type { Event } from '#kernel/event';
import { ann, bin, by, count, fill, label, newBin } from '#platform/testing/bin';
import { testStore, type TestStore } from '#platform/testing/testing';
import { Problem } from '#platform/problem/problem';
import { inContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import type { Command } from './command';
import { Decisions } from './decisions';
import type { Receipt } from './receipt';

describe('commands for one stream, sent together', () => {
  let node: TestStore;
  let store: EventStore;
  let decisions: Decisions;
  const all = (commands: readonly Command[], on = decisions) =>
    inContext(by(ann), () => on.runAll(bin, commands[0]!.constructor.name, commands));
  const eventsOf = (answer: Receipt | Problem) => (answer instanceof Problem ? answer.code : answer.events);

  beforeAll(async () => {
    node = await testStore();
    store = new EventStore(node.url, 3_000);
    decisions = new Decisions(store);
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await node.stop();
  });

  it('are decided one after the other and written in one append', async () => {
    const id = newBin();
    const answers = await all([1, 2, 3].map((pieces) => fill(id, pieces)));
    expect(answers.map(eventsOf)).toEqual([['BinFilled'], ['BinFilled'], ['BinFilled']]);
    const events = await store.read(`bin-${id}`);
    expect(events.map(({ data }) => (data as { pieces: number }).pieces)).toEqual([1, 2, 3]);
    expect(new Set(events.map(({ metadata }) => metadata.commandId)).size).toBe(3);
  });

  it('get their first answers when sent again, also through another app, and write nothing', async () => {
    const id = newBin();
    const commands = [1, 2].map((pieces) => fill(id, pieces, { commandId: randomUUID() }));
    const first = await all(commands);
    expect(await all(commands)).toEqual(first);
    // When read back, each event has its own position; the append had that of its last event.
    const withoutToken = (answers: readonly (Receipt | Problem)[]) => answers.map((answer) => ({ ...answer, token: '' }));
    expect(withoutToken(await all(commands, new Decisions(store)))).toEqual(withoutToken(first));
    expect(await all([...commands, commands[0]!])).toEqual([...first, first[0]]);
    expect(await store.read(`bin-${id}`)).toHaveLength(2);
  });

  it('do not overwrite what others wrote in between', async () => {
    const id = newBin();
    await all([fill(id, 1)]);
    await inContext(by(ann), () => new Decisions(store).run(bin, 'FillBin', fill(id, 5)));
    expect((await all([fill(id, 2)])).map(eventsOf)).toEqual([['BinFilled']]);
    expect((await store.read(`bin-${id}`)).map(({ data }) => (data as { pieces: number }).pieces)).toEqual([1, 5, 2]);
  });

  it('get their first answers for ever, also those that were refused or changed nothing', async () => {
    const id = newBin();
    const withId = () => ({ commandId: randomUUID() });
    const commands = [label(id, 'a', withId()), label(id, 'a', withId()), label(id, 'b', withId()), label(id, 'b', withId())];
    const fills = [fill(id, 0, withId()), fill(id, 9, withId()), fill(id, 2, withId())];
    const told = (answers: readonly (Receipt | Problem)[]) =>
      answers.map((each) => (each instanceof Problem ? each.code : [each.revision, each.changed, each.events]));
    const first = [...(await all(commands)), ...(await all(fills))];
    expect(told(first)).toEqual([
      ['0', true, ['BinLabelled']],
      ['0', false, []],
      ['2', true, ['BinLabelled']],
      ['2', false, []],
      ['2', false, []],
      ['5', true, ['BinFilled']],
      'bin-too-full',
    ]);
    const other = new Decisions(store);
    await inContext(by(ann), () => other.run(bin, 'LabelBin', label(id, 'c')));
    await inContext(by(ann), () => other.run(bin, 'CountBin', count(id, 0)));
    for (const on of [decisions, other, new Decisions(store)]) {
      expect(told([...(await all(commands, on)), ...(await all(fills, on))])).toEqual(told(first));
      const alone = await Promise.all(
        [...commands, ...fills].map((command) =>
          inContext(by(ann), () => on.run(bin, command.constructor.name, command).catch((problem: Problem) => problem)),
        ),
      );
      expect(told(alone)).toEqual(told(first));
    }
    expect((await store.read<Event>(`bin-${id}`)).map(({ data }) => data)).toEqual([
      { label: 'a' },
      { label: 'b' },
      { pieces: 9 },
      { label: 'c' },
      { pieces: 0 },
    ]);
  });

  it('without ids that change nothing are answered according to the stream as it is, and leave nothing', async () => {
    const id = newBin();
    const other = new Decisions(store);
    await all([label(id, 'red')]);
    expect((await all([label(id, 'red')])).map(eventsOf)).toEqual([[]]);
    await inContext(by(ann), () => other.run(bin, 'LabelBin', label(id, 'blue')));
    expect((await all([label(id, 'red')])).map(eventsOf)).toEqual([['BinLabelled']]);
    expect(await store.read(`bin-${id}`, 0n, { bookkeeping: true })).toHaveLength(3);
    await inContext(by(ann), () => other.run(bin, 'LabelBin', label(id, 'green')));
    const { revision } = (await all([label(id, 'green')]))[0] as Receipt;
    await inContext(by(ann), () => other.run(bin, 'LabelBin', label(id, 'grey')));
    expect((await all([label(id, 'black', { expectedRevision: String(BigInt(revision) + 1n) })])).map(eventsOf)).toEqual([['BinLabelled']]);
  });

  it('are refused one by one', async () => {
    const id = newBin();
    const answers = await all([fill(id, 2), fill(id, 9), fill(id, 3)]);
    expect(answers.map(eventsOf)).toEqual([['BinFilled'], 'bin-too-full', ['BinFilled']]);
    expect((await store.read(`bin-${id}`, 0n, { bookkeeping: true })).map(({ type }) => type)).toEqual([
      'BinFilled',
      'CommandRefused',
      'BinFilled',
    ]);
    const other = randomUUID();
    const reused = await all([fill(id, 2, { commandId: other }), fill(id, 3, { commandId: other })]);
    expect(reused.map(eventsOf)).toEqual([['BinFilled'], 'command-id-reused']);
  });
});
