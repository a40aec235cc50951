import { randomUUID } from 'node:crypto';
import type { Decider } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { Rejected } from '#kernel/rejected';
import { Command } from '#platform/commands/command';
import { Allow } from '#platform/security/access';
import { EventStore } from '#platform/store/event-store';
import { ann, bin, by, commands as binCommands, count, fill, newBin, send } from '#platform/testing/bin';
import { inContext } from '#platform/security/context';
import { testStore, type TestStore } from '#platform/testing/testing';
import { Decisions } from './decisions';
import { Registry } from './registry';

@Allow('operator')
class TakeFromBin extends Command {
  readonly orderId: string;
  readonly binId: string;
}
@Allow('operator')
class NoteTaking extends TakeFromBin {}
@Allow('operator')
class EmptyBin extends TakeFromBin {}
type Taken = Event<'Taken', { pieces: number | null }> | Event<'BinWasEmpty', object> | Event<'Emptied', { binId: string }>;

/** How current the bin must be. */
const NEED = { TakeFromBin: { now: true }, NoteTaking: {}, EmptyBin: { sure: true } } as const;

/** An order that may take from a bin only if it is not empty; NoteTaking records the taking in any case. */
const order: Decider<{ TakeFromBin: typeof TakeFromBin; NoteTaking: typeof NoteTaking; EmptyBin: typeof EmptyBin }, number, Taken> = {
  category: 'taking',
  initial: 0,
  id: ({ orderId }) => orderId,
  observed: ['NoteTaking'],
  exceptions: ['BinWasEmpty'],
  regards: (name, { binId }) => [{ stream: `bin-${String(binId)}`, ...NEED[name as keyof typeof NEED] }],
  foretells: ({ type, data }) =>
    type === 'Emptied' ? [{ stream: `bin-${data.binId}`, event: { type: 'BinCounted', data: { pieces: 0 } } }] : [],
  evolve: (taken) => taken + 1,
  decide: {
    TakeFromBin: ({ binId }, _, { regarded }) => {
      const pieces = regarded![`bin-${binId}`] as number | null;
      if (!pieces) throw new Rejected('bin-empty', `${binId} is empty.`);
      return [{ type: 'Taken', data: { pieces } }];
    },
    EmptyBin: ({ binId }, _, { regarded }) => {
      if (!regarded![`bin-${binId}`]) throw new Rejected('bin-empty', `${binId} is empty.`);
      return [{ type: 'Emptied', data: { binId } }];
    },
    NoteTaking: ({ binId }, _, { regarded }) => {
      const pieces = regarded![`bin-${binId}`] as number | null;
      return [{ type: 'Taken', data: { pieces } }, ...(pieces ? [] : [{ type: 'BinWasEmpty' as const, data: {} }])];
    },
  },
};

describe('a decision that looks at another stream', () => {
  let node: TestStore;
  let store: EventStore;
  const api = () => {
    const registry = new Registry();
    registry.enter({ ...bin, tells: ({ pieces }) => pieces || null }, binCommands);
    registry.enter(order, { TakeFromBin, NoteTaking, EmptyBin });
    return new Decisions(store, undefined, registry);
  };
  const take = (on: Decisions, binId: string, type: typeof TakeFromBin = TakeFromBin) => {
    const command = Object.assign(new type(), { orderId: `haifa.${randomUUID()}`, binId });
    return inContext(by(ann), () => on.run(order, type.name, command));
  };

  beforeAll(async () => {
    node = await testStore();
    store = new EventStore(node.url, 3_000);
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await node.stop();
  });

  it('sees what another api wrote a moment ago, if it must be read now', async () => {
    const [one, two] = [api(), api()];
    const id = newBin();
    await expect(take(one, id)).rejects.toMatchObject({ code: 'bin-empty' });
    await send(two, fill(id, 3), by(ann));
    expect(await take(one, id)).toMatchObject({ events: ['Taken'], exceptions: [] });
    await send(two, fill(id, 4), by(ann));
    await take(one, id);
    await send(two, count(id, 0), by({ ...ann, roles: ['device'] }));
    await expect(take(one, id)).rejects.toMatchObject({ code: 'bin-empty' });
  });

  it('sees what has just come into being, where it must be sure', async () => {
    const [one, two] = [api(), api()];
    const id = newBin();
    await expect(take(one, id, EmptyBin)).rejects.toMatchObject({ code: 'bin-empty' });
    await send(two, fill(id, 3), by(ann));
    expect(await take(one, id, EmptyBin)).toMatchObject({ events: ['Emptied'] });
  });

  it('may be told what a read model knows, asked for each decision', async () => {
    const registry = new Registry();
    registry.enter(order, { TakeFromBin, NoteTaking, EmptyBin });
    const asked: string[] = [];
    registry.lookUp('bin', async (id) => (asked.push(id) > 1 ? null : 3));
    const on = new Decisions(store, undefined, registry);
    const id = newBin();
    expect(await take(on, id, NoteTaking)).toMatchObject({ exceptions: [] });
    expect(await take(on, id, NoteTaking)).toMatchObject({ exceptions: ['BinWasEmpty'] });
    expect(asked).toEqual([id, id]);
    registry.lookUp('bin', () => Promise.reject(new Error('the database is away')));
    await expect(take(on, id, NoteTaking)).rejects.toThrow('the database is away');
  });

  it('names the rule that the fact breaks in its answer, also in the repeated one', async () => {
    const on = api();
    const id = newBin();
    const command = Object.assign(new NoteTaking(), { orderId: `haifa.${randomUUID()}`, binId: id, commandId: randomUUID() });
    const note = () => inContext(by(ann), () => on.run(order, 'NoteTaking', command));
    const answer = await note();
    expect(answer).toMatchObject({ events: ['Taken', 'BinWasEmpty'], exceptions: ['BinWasEmpty'] });
    await send(on, fill(id, 3), by(ann));
    expect(await note()).toEqual(answer);
    expect(await take(on, id, NoteTaking)).toMatchObject({ exceptions: [] });
  });

  it('knows what a process is about to do with events that its own api wrote', async () => {
    const on = api();
    const id = newBin();
    await send(on, fill(id, 3), by(ann));
    await take(on, id);
    await take(on, id, EmptyBin);
    await expect(take(on, id)).rejects.toMatchObject({ code: 'bin-empty' });
  });

  it('sees what its own api wrote, even if an earlier read could be reused', async () => {
    const on = api();
    const id = newBin();
    await send(on, fill(id, 3), by(ann));
    await take(on, id, NoteTaking);
    await send(on, count(id, 0), by({ ...ann, roles: ['device'] }));
    expect(await take(on, id, NoteTaking)).toMatchObject({ exceptions: ['BinWasEmpty'] });
  });
});
