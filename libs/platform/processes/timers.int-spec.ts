import { KilnWorks, newKiln, until, whenKilnLitCheckIt } from '#platform/testing/kiln-under-test';
import { metadataOf } from '#platform/store/metadata';
import { LATE_GRACE_MS, Timers, type DueTimer } from './timers';

const NAME = 'when-kiln-lit-check-it';

describe('the rows of timers', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(async () => {
    await works.rest();
    await works.pool.query(`DELETE FROM process_timer WHERE id <> ''`);
  });
  afterAll(() => works.stop());

  /** Rows that have been due for a while, all since the same moment. */
  const overdue = (count: number, prefix: string, since: string) =>
    works.pool.query(
      `INSERT INTO process_timer (process, id, timer, due_at, set_at)
       SELECT $1, $2 || lpad(n::text, 5, '0'), 'later', now() - $3::interval, 0 FROM generate_series(1, $4) AS n`,
      [NAME, prefix, since, count],
    );
  const all = async (pages: AsyncIterable<readonly DueTimer[]>): Promise<DueTimer[]> => {
    const found: DueTimer[] = [];
    for await (const page of pages) found.push(...page);
    return found;
  };
  const rows = async (id: string) =>
    (await works.pool.query(`SELECT timer, set_at FROM process_timer WHERE process = $1 AND id = $2 ORDER BY timer`, [NAME, id])).rows;
  const far = (setAt: bigint) => ({ dueAt: '2999-01-05T08:00:00.000Z', setAt, facilities: ['haifa'], correlationId: 'c' });

  it('that are due are found once each, however many are due at the same moment, longest overdue first', async () => {
    await overdue(1_201, 'haifa.b', '1 minute 123 microseconds');
    await overdue(1, 'haifa.a', '1 hour');
    const { due } = await new Timers(works.pool).due([NAME]);
    const ids = (await all(due)).map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual(['haifa.a00001', 'haifa.b00001']);
    expect(new Set(ids).size).toBe(1_202);
    expect(ids).toHaveLength(1_202);
  });

  it('are written for many instances at once, and are those of each stream', async () => {
    const [one, two, three] = [newKiln(), newKiln(), newKiln()];
    const timers = new Timers(works.pool);
    const restore = (id: string, names: readonly string[], setAt: bigint) =>
      timers.restore(NAME, id, Object.fromEntries(names.map((timer) => [timer, far(setAt)])));
    await Promise.all([restore(one, ['a', 'b'], 1n), restore(two, ['a'], 1n), restore(three, ['a'], 1n)]);
    await Promise.all([restore(one, ['b', 'c'], 2n), restore(two, [], 2n)]);
    expect(await rows(one)).toEqual([
      { timer: 'b', set_at: 2n },
      { timer: 'c', set_at: 2n },
    ]);
    expect(await rows(two)).toEqual([]);
    expect(await rows(three)).toEqual([{ timer: 'a', set_at: 1n }]);
  });

  it('that cannot be written fail their own instance only', async () => {
    const [good, bad] = [newKiln(), newKiln()];
    const timers = new Timers(works.pool, LATE_GRACE_MS);
    const [first, , third] = await Promise.allSettled([
      timers.restore(NAME, newKiln(), {}),
      timers.restore(NAME, good, { a: far(1n) }),
      timers.restore(NAME, bad, { 'a\0': far(1n) }),
    ]);
    expect([first.status, third.status]).toEqual(['fulfilled', 'rejected']);
    expect(await rows(good)).toEqual([{ timer: 'a', set_at: 1n }]);
  });

  it('that name an instance which never began are removed', async () => {
    await overdue(3, 'haifa.never', '1 minute');
    works.run([whenKilnLitCheckIt(60_000)]);
    await until(async () => (await rows('haifa.never00001')).length + (await rows('haifa.never00003')).length === 0);
  });

  it('fire although hundreds that are longer overdue belong to instances that wait', async () => {
    const lit = async (id: string) => {
      const metadata = metadataOf({ command: 'TakeStep', commandId: id, actor: `process:${NAME}`, role: 'process', facility: 'haifa' });
      const [at, timer] = ['2026-01-05T08:00:00.000Z', { timer: 'later', dueAt: '2026-01-05T09:00:00.000Z' }];
      const input = { type: 'KilnLit', data: { kilnId: id } };
      const data = {
        inputId: id,
        input,
        at,
        sends: [],
        timers: [timer],
        version: 1,
        position: '0',
        facilities: ['haifa'],
        clock: 'server',
      };
      await works.store.append(`${NAME}-${id}`, -1n, [{ type: 'StepTaken', data, metadata }]);
    };
    const waiting = Array.from({ length: 510 }, (_, n) => `haifa.wait${String(n + 1).padStart(5, '0')}`);
    for (let n = 0; n < waiting.length; n += 50) await Promise.all(waiting.slice(n, n + 50).map(lit));
    await lit('haifa.free00001');
    await overdue(waiting.length, 'haifa.wait', '2 minutes');
    await overdue(1, 'haifa.free', '1 minute');
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    works.run([whenKilnLitCheckIt(60_000)], {
      atOnce: 1_000,
      send: async (command, cause) => {
        if (String(command.data.kilnId).includes('wait')) await gate;
        return works.send(command, cause);
      },
    });
    const checked = () => works.checks('haifa.free00001').catch(() => 0);
    try {
      await until(async () => (await checked()) === 1);
      expect(await works.checks('haifa.wait00001')).toBe(0);
    } finally {
      goOn();
    }
  }, 60_000);
});
