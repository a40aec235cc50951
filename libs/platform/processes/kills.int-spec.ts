import { KilnWorks, newKiln, until, whenKilnLitCheckIt, type Out } from '#platform/testing/kiln-under-test';
import type { ProcessOptions } from './processes';

/** Checks a kiln twice with a pause between, and reacts when a check was refused. */
const process = whenKilnLitCheckIt(200, {
  react: (state, { type, data }, at) => {
    const send = (command: Out['type'], kilnId = state.id) => ({ send: { type: command, data: { kilnId } } as Out });
    if (type === 'KilnLit') return [send('CheckKiln'), { remind: 'second-look', at: new Date(Date.parse(at) + 200).toISOString() }];
    if (type === 'TimerFired') return [send('CheckKiln')];
    if (type === 'CommandRefused' && data.command === 'CheckKiln' && state.refused < 3) return [send('UnlockKiln'), send('CheckKiln')];
    return [];
  },
});
const NORMAL = ['KilnLit', 'accepted', 'TimerFired', 'accepted'];
const SEALED = ['KilnLit', 'refused', 'CommandRefused', 'accepted', 'accepted', 'TimerFired', 'accepted'];

type Where = 'append' | 'appended' | 'send' | 'sent' | 'query';
/** The dependencies of a runner that dies at its n-th call of some kind, as if the app were killed: nothing it does later has any effect. */
function mortal(works: KilnWorks, at: Where, n: number): Partial<ProcessOptions> & { dead: () => boolean; calls: () => number } {
  let calls = 0;
  let dead = false;
  const here = (where: Where) => {
    if (dead) throw new Error('dead');
    if (where !== at || (calls += 1) !== n) return;
    dead = true;
    throw new Error(`killed at ${where} ${n}`);
  };
  const store = Object.create(works.store) as typeof works.store;
  const alive = () => {
    if (dead) throw new Error('dead');
  };
  Object.assign(store, {
    append: async (...given: Parameters<typeof store.append>) => {
      here('append');
      const appended = await works.store.append(...given);
      here('appended');
      return appended;
    },
    read: async (...given: Parameters<typeof store.read>) => {
      alive();
      return works.store.read(...given);
    },
  });
  const pool = Object.create(works.pool) as typeof works.pool;
  pool.query = (async (text: string, values: unknown[]) => {
    // The timers of several instances are one statement, and a point for each of them.
    if (/^\s*WITH given AS/.test(text)) for (const _ of values[0] as string[]) here('query');
    else if (/^\s*(INSERT|DELETE|UPDATE)/.test(text)) here('query');
    else alive();
    return works.pool.query(text, values);
  }) as never;
  const send: ProcessOptions['send'] = async (...given) => {
    here('send');
    const receipt = await works.send(...given);
    here('sent');
    return receipt;
  };
  return { store, pool, send, dead: () => dead, calls: () => calls };
}

describe('a worker that is killed', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());
  const lease = { ttlMs: 300, beatMs: 40 };

  /** One normal kiln and one that is sealed, from beginning to end. */
  async function undergo(at: Where, n: number): Promise<{ died: boolean; stories: string[][]; checks: number[] }> {
    const ids = [newKiln(), newKiln('-sealed')];
    const { dead, calls: _, ...parts } = mortal(works, at, n);
    works.run([process], { ...parts, ownership: lease });
    for (const id of ids) await works.order('LightKiln', id);
    const stories = () => Promise.all(ids.map((id) => works.story(id)));
    const over = async () => {
      const [normal, sealed] = await stories();
      return normal!.length >= NORMAL.length && sealed!.length >= SEALED.length;
    };
    await until(async () => dead() || (await over()), `death or end at ${at} ${n}`);
    const died = dead();
    await works.rest();
    works.run([process], { ownership: lease });
    await until(over, `the end after ${at} ${n}`);
    await works.rest();
    return { died, stories: await stories(), checks: await Promise.all(ids.map((id) => works.checks(id))) };
  }

  it.each(['append', 'appended', 'send', 'sent', 'query'] as const)(
    'at any %s reaches the same end',
    async (at) => {
      let points = 0;
      for (let n = 1, died = true; died; n += 1) {
        const end = await undergo(at, n);
        expect({ at, n, ...end }).toEqual({ at, n, died: end.died, stories: [NORMAL, SEALED], checks: [2, 2] });
        died = end.died;
        points = n - 1;
      }
      // Rows are written together as it happens; at least the timer of each of the two kilns is.
      expect(points).toBeGreaterThanOrEqual(at === 'query' ? 2 : 5);
    },
    180_000,
  );

  it('at the action of a timer, when its inputs are behind the checkpoint, reaches the same end', async () => {
    const id = newKiln();
    const { dead, calls, ...parts } = mortal(works, 'send', 2);
    const checkpoint = async () =>
      (await works.pool.query<{ position: bigint }>('SELECT position FROM process_checkpoint WHERE process = $1', [process.name])).rows[0]!
        .position;
    const send: ProcessOptions['send'] = async (...given) => {
      const [{ position } = { position: 0n }] = await works.store.read(`kiln-${id}`);
      if (calls() === 1) await until(async () => (await checkpoint()) >= position, 'the checkpoint');
      return parts.send!(...given);
    };
    works.run([process], { ...parts, send, saveMs: 10, ownership: lease });
    await works.order('LightKiln', id);
    await until(dead);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'TimerFired']);
    await works.rest();
    works.run([process], { ownership: lease });
    await until(async () => (await works.story(id)).length === NORMAL.length, 'the end');
    expect(await works.story(id)).toEqual(NORMAL);
    expect(await works.checks(id)).toBe(2);
  }, 60_000);
});
