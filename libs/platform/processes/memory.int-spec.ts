import { KilnWorks, newKiln, until, whenKilnLitCheckIt } from '#platform/testing/kiln-under-test';
import { Definitions } from './definitions';
import { fold, fresh } from './instance';
import { Memory } from './memory';
import type { InstanceEvent } from './record';

const MEMORY = require.resolve('./memory');
const NAME = 'when-kiln-lit-check-it';

describe('an instance that has taken many inputs', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());
  const definitions = new Definitions([whenKilnLitCheckIt(60_000)]);

  /** A stream as if the instance had taken this many inputs. */
  async function takenBy(id: string, count: number, from = 0): Promise<string> {
    const stream = `${NAME}-${id}`;
    const metadata = { commandId: id, correlationId: id, actor: `process:${NAME}`, facility: 'haifa', schema: 1 } as never;
    const steps = Array.from({ length: count }, (_, n) => ({
      type: 'StepTaken',
      data: {
        inputId: `${id}/${n}`,
        input: { type: n % 2 ? 'KilnCooled' : 'KilnLit', data: { kilnId: id } },
        at: '2026-01-05T08:00:00.000Z',
        sends: [],
        timers: n % 2 ? [{ timer: 'second-look', dueAt: null }] : [{ timer: 'second-look', dueAt: '2999-01-05T08:00:00.000Z' }],
        ...(n < 3 ? {} : { version: 1, position: '0' }),
      },
      metadata,
    }));
    for (let n = from; n < count; n += 500) await works.store.append(stream, BigInt(n - 1), steps.slice(n, n + 500));
    return stream;
  }

  /** Loads it in an app that has just started; `revisions` are those that it read from on, besides the end of the stream. */
  async function loaded(stream: string) {
    const revisions: bigint[] = [];
    const store = Object.create(works.store) as typeof works.store;
    Object.assign(store, {
      read: (...given: Parameters<typeof store.read>) => (revisions.push(given[1] ?? 0n), works.store.read(...given)),
    });
    const memory = new Memory(store);
    const instance = await memory.load(stream, definitions);
    await memory.snapshots.settled();
    return { instance, revisions };
  }

  it('is the same from a snapshot as from its first event, and reads only the end of its stream', async () => {
    const stream = await takenBy(newKiln(), 1_501);
    const whole = await loaded(stream);
    expect(whole.revisions).toEqual([0n]);
    const again = await loaded(stream);
    expect(again.instance).toEqual(whole.instance);
    expect(again.instance.timers['second-look']!.setAt).toBe(1_500n);
    expect(again.revisions).toEqual([]);
  });

  const code = definitions.codeOf(1, MEMORY)!;
  type Snapshot = Parameters<Memory['snapshots']['keep']>[1];
  type Stored = { revision: string; body: { revision: string; state: unknown } };
  /** The newest snapshot is replaced by one that somebody else wrote. */
  const forge = (change: (stored: Stored) => object) => async (stream: string) => {
    const [newest] = await works.store.readBackwards(`snapshot-${stream}`, 1);
    const { data, metadata } = newest!;
    await works.store.append(`snapshot-${stream}`, 'any', [{ type: '$snapshot', data: change(data as Stored), metadata }]);
  };
  const keep = (snapshot: (at: { id: string; revision: bigint }) => Snapshot) => async (stream: string) => {
    const [at] = await works.store.read(stream, 1_100n, { maxCount: 1 });
    const { snapshots } = new Memory(works.store);
    snapshots.keep(stream, snapshot(at!));
    await snapshots.settled();
  };

  it.each<[string, (stream: string) => Promise<void>, bigint[]]>([
    [
      'another stream with the same name',
      keep(({ revision }) => ({ revision, lastId: 'another', code, body: { version: 1 } })),
      [1_100n, 0n],
    ],
    ['other code', keep(({ revision, id }) => ({ revision, lastId: id, code: 'other', body: { version: 1 } })), [0n]],
    ['a version that is not known', keep(({ revision, id }) => ({ revision, lastId: id, code, body: { version: 9 } })), [0n]],
    ['an app that damaged it', forge((stored) => ({ ...stored, body: { ...stored.body, state: { lit: 'damaged' } } })), [0n]],
    ['an app that cut it', forge(() => ({})), [0n]],
  ])('is read from its first event when the snapshot is of %s', async (_, replace, expected) => {
    const stream = await takenBy(newKiln(), 1_200);
    const { instance } = await loaded(stream);
    await replace(stream);
    const again = await loaded(stream);
    expect(again.instance).toEqual(instance);
    expect(again.revisions).toEqual(expected);
  });

  it('reads on from a snapshot that is older than the end of its stream', async () => {
    const id = newKiln();
    await loaded(await takenBy(id, 1_000));
    const stream = await takenBy(id, 1_500, 1_000);
    const { instance, revisions } = await loaded(stream);
    expect(revisions).toEqual([999n, 1_000n]);
    const events = await works.store.read<InstanceEvent>(stream);
    expect(instance).toEqual(events.reduce((so, event) => fold(so, event, definitions.of), fresh));
  });

  it('continues from its snapshot', async () => {
    const id = newKiln();
    await takenBy(id, 1_500);
    works.run([whenKilnLitCheckIt(60_000)]);
    await works.order('LightKiln', id);
    await until(async () => (await works.checks(id)) === 1);
    await works.rest();
    works.run([whenKilnLitCheckIt(60_000)]);
    await works.order('CoolKiln', id);
    await until(async () => (await works.steps(id)).length === 1_503);
    expect((await works.story(id)).slice(1_500)).toEqual(['KilnLit', 'accepted', 'KilnCooled']);
  }, 40_000);
});
