import { KilnWorks, newKiln, until, whenKilnLitCheckIt } from '#platform/testing/kiln-under-test';
import { Definitions } from './definitions';
import { Memory } from './memory';

const MEMORY = require.resolve('./memory');
const NAME = 'when-kiln-lit-check-it';

describe('an instance that has taken many inputs', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());
  const definitions = new Definitions([whenKilnLitCheckIt(60_000)]);

  /** A stream as if the instance had taken this many inputs. */
  async function takenBy(id: string, count: number): Promise<string> {
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
    for (let n = 0; n < count; n += 500) await works.store.append(stream, BigInt(n - 1), steps.slice(n, n + 500));
    return stream;
  }

  it('is the same from a snapshot as from its first event, and reads only the events after the snapshot', async () => {
    const stream = await takenBy(newKiln(), 1_501);
    const first = new Memory(works.store);
    const whole = await first.load(stream, definitions);
    await first.snapshots.settled();
    const read: bigint[] = [];
    const store = Object.create(works.store) as typeof works.store;
    Object.assign(store, { read: (...given: Parameters<typeof store.read>) => (read.push(given[1] ?? 0n), works.store.read(...given)) });
    const again = await new Memory(store).load(stream, definitions);
    expect(again).toEqual(whole);
    expect(again.timers['second-look']!.setAt).toBe(1_500n);
    expect(read).toEqual([1_500n]);
  });

  it('is not loaded from a snapshot of another stream with the same name', async () => {
    const stream = await takenBy(newKiln(), 1_200);
    const memory = new Memory(works.store);
    const whole = await memory.load(stream, definitions);
    memory.snapshots.keep(stream, {
      revision: 1_100n,
      lastId: 'another',
      code: definitions.codeOf(1, MEMORY)!,
      body: { state: 'nonsense' },
    });
    await memory.snapshots.settled();
    expect(await new Memory(works.store).load(stream, definitions)).toEqual(whole);
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
