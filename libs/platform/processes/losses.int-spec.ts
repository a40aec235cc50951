import { setTimeout as sleep } from 'node:timers/promises';
import { KilnWorks, newKiln, until, whenKilnLitCheckIt } from '#platform/testing/kiln-under-test';

describe('processes whose PostgreSQL tables are emptied', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());
  const lease = { ttlMs: 400, beatMs: 50 };
  const twice = ['KilnLit', 'accepted', 'TimerFired', 'accepted'];

  it.each(['process_checkpoint, process_timer, process_shelf', 'process_checkpoint', 'process_timer', 'process_shelf'])(
    'restore %s from the log after a stop',
    async (tables) => {
      const id = newKiln();
      works.run([whenKilnLitCheckIt(1_500)], { ownership: lease });
      await works.order('LightKiln', id);
      await until(async () => (await works.story(id)).length === 2);
      await works.rest();
      await works.pool.query(`TRUNCATE ${tables}`);
      works.run([whenKilnLitCheckIt(1_500)], { ownership: lease });
      await until(async () => (await works.story(id)).length === 4);
      expect(await works.story(id)).toEqual(twice);
      expect(await works.checks(id)).toBe(2);
    },
    40_000,
  );

  it.each(['process_checkpoint, process_timer, process_shelf', 'process_timer'])(
    'notice while running that %s was emptied',
    async (tables) => {
      const id = newKiln();
      works.run([whenKilnLitCheckIt(2_000)], { ownership: lease });
      await works.order('LightKiln', id);
      await until(async () => (await works.story(id)).length === 2);
      await works.pool.query(`TRUNCATE ${tables}`);
      await until(async () => (await works.story(id)).length === 4);
      expect(await works.story(id)).toEqual(twice);
      const next = newKiln();
      await works.order('LightKiln', next);
      await until(async () => (await works.checks(next)) === 1);
    },
    40_000,
  );

  it('keep the shelf of a parked instance', async () => {
    const id = newKiln();
    const sick = whenKilnLitCheckIt(60_000, {
      react: () => {
        throw new Error('sick');
      },
    });
    works.run([sick], { ownership: lease });
    await works.order('LightKiln', id);
    await works.order('CoolKiln', id);
    await until(async () => (await works.pool.query('SELECT FROM process_shelf WHERE id = $1', [id])).rowCount === 2);
    await works.pool.query('TRUNCATE process_checkpoint, process_timer, process_shelf');
    await until(async () => (await works.pool.query('SELECT FROM process_shelf WHERE id = $1', [id])).rowCount === 2);
    expect(await works.story(id)).toEqual(['InstanceParked']);
  }, 40_000);
});

describe('two workers', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());
  const lease = { ttlMs: 400, beatMs: 50 };

  it('share the processes, each run by one worker', async () => {
    const processes = ['one', 'two', 'three', 'four'].map((name) => ({ ...whenKilnLitCheckIt(150), name: `when-kiln-lit-${name}` }));
    const runners = [works.run(processes, { ownership: lease }), works.run(processes, { ownership: lease })];
    const held = () => runners.map((runner) => runner.health().filter(({ state }) => state === 'running').length);
    await until(() => held().join() === '2,2', 'a fair share');
    const id = newKiln();
    await works.order('LightKiln', id);
    await until(async () => (await works.checks(id)) === 8);
    await runners[0]!.stop();
    await until(() => held()[1] === 4, 'a takeover');
    await works.order('LightKiln', id);
    await until(async () => (await works.checks(id)) === 16);
  }, 60_000);

  it('do the work once if the owner freezes and wakes up after another has taken over', async () => {
    const id = newKiln();
    let frozen = true;
    let wake: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => (wake = resolve));
    const query = works.pool.query.bind(works.pool) as (...given: unknown[]) => Promise<unknown>;
    const pool = Object.create(works.pool) as typeof works.pool;
    let reached = false;
    pool.query = (async (...given: unknown[]) => {
      if (reached && frozen) await asleep;
      return query(...given);
    }) as never;
    works.run([whenKilnLitCheckIt(300)], {
      pool,
      ownership: lease,
      send: async (...given) => {
        reached = true;
        if (frozen) await asleep;
        return works.send(...given);
      },
    });
    await works.order('LightKiln', id);
    await until(() => reached);
    works.run([whenKilnLitCheckIt(300)], { ownership: lease });
    await until(async () => (await works.story(id)).length === 4);
    frozen = false;
    wake();
    await sleep(500);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'TimerFired', 'accepted']);
    expect(await works.checks(id)).toBe(2);
  }, 40_000);
});
