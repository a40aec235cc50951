import { EngineUnderTest, until } from '#platform/testing/engine-under-test';
import { copyLog } from '#platform/testing/moved-log';
import { testStore, type TestStore } from '#platform/testing/testing';
import { lotStock, machineNow } from '#platform/testing/view-examples';
import { Reads } from '#platform/queries/reads';

jest.setTimeout(60_000);
const t = EngineUnderTest.here();
const quick = { lease: { ttlMs: 1_000, renewMs: 100, scanMs: 100 } } as object;
let copy: TestStore;
beforeEach(async () => void (copy = await testStore()), 30_000);
afterEach(() => copy.stop());

const rowsOf = async (name: string) =>
  (await t.pool.query(`SELECT to_jsonb(v) - 'position' AS row FROM ${name} v ORDER BY 1`)).rows.map(({ row }) => row as object);

test('views are rebuilt from a copied log beside the live tables, and answer for no position of the copy until then', async () => {
  const views = [machineNow, lotStock];
  const before = await t.run({ views, ...quick });
  await t.caughtUp(views);
  const shown = await rowsOf('machine_now');
  await t.stop(before);
  await copyLog(t.system.eventStoreUrl, copy.url);
  const mark = (await t.pool.query('SELECT DISTINCT log FROM view_checkpoints')).rows as { log: string }[];
  expect(mark).toEqual([{ log: expect.stringMatching(/^[0-9a-f]{8}$/) }]);

  // An api on the copy, before any worker: the tables still belong to the other log.
  const reads = new Reads(
    t.pool,
    t.reads,
    50,
    () => Promise.resolve(0n),
    () => Promise.resolve('0a1b2c3d'),
  );
  await expect(reads.fresh(['machine-now'])).rejects.toMatchObject({ code: 'view-of-another-log', status: 503 });
  await expect(reads.fresh(['machine-now'], '1-0a1b2c3d')).rejects.toMatchObject({ code: 'view-of-another-log' });
  await expect(reads.fresh(['machine-now'], `1-${mark[0]!.log}`)).rejects.toMatchObject({ code: 'position-of-another-log', status: 409 });

  const said: string[] = [];
  await t.run({
    views,
    ...quick,
    store: copy.url,
    log: { info: () => undefined, warn: () => undefined, error: (_, text) => void said.push(text) },
  });
  const logs = () => t.pool.query(`SELECT DISTINCT log FROM view_checkpoints JOIN view_tables USING (table_name) WHERE status = 'live'`);
  await until(async () => {
    const { rows } = await logs();
    return rows.length === 1 && rows[0].log !== null && rows[0].log !== mark[0]!.log;
  });
  expect(await rowsOf('machine_now')).toEqual(shown);
  expect(said).toContain('the event store holds a copy of the log, at other positions: rebuilding the view from it');
  await until(async () => (await t.reads.standing()).length === 0);
});
