/** Events that cannot be folded: parked in order, retried, skipped with a reason. */
import { randomUUID } from 'node:crypto';
import { Column, Entity, Exclusion, PrimaryColumn } from 'typeorm';
import { EngineUnderTest, until } from '#platform/testing/engine-under-test';
import { lotStock, machineNow, type LotStock } from '#platform/testing/view-examples';
import type { View } from '#kernel/view';
import { inspectParked, listParked, retryParked, skipParked, SKIPPED } from './parking';
import { Scope } from './scope';
import { OPERATIONS_STREAM } from './skip';

jest.setTimeout(60_000);

const t = EngineUnderTest.here();
const { run, append, write, caughtUp, verify, expectEqual } = t;

/** A view whose constraint is checked only at COMMIT, as for timelines. */
@Entity('lot_place')
@Exclusion('USING gist (place WITH =) DEFERRABLE INITIALLY DEFERRED')
class LotPlace {
  @PrimaryColumn('text') lotId: string;
  @Scope()
  @Column('text')
  facilityId: string;
  @Column('text') place: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}
const onePlaceOneLot: View<LotPlace> = {
  name: 'lot-place',
  version: 1,
  row: LotPlace,
  events: ['LotMoved'],
  keys: ({ data }) => [(data as { lotId: string }).lotId],
  fold: (rows, { data }) => {
    const { lotId, to } = data as { lotId: string; to: string };
    // Lots of other tests may have the same place.
    rows.put({ lotId, facilityId: 'haifa', place: to.startsWith('P-') ? to : lotId } as LotPlace);
  },
};

describe('an event that cannot be folded', () => {
  let broken: string | undefined;
  const fragile: View<LotStock> = {
    ...(lotStock as unknown as View<LotStock>),
    fold: (rows, event) => {
      if (event.id === broken) throw new Error('a lot without a certificate');
      lotStock.fold(rows as never, event as never);
    },
  };
  const bad = 'haifa.L9001';
  const good = 'haifa.L9002';
  const moved = (lotId: string, to: string) => ({ type: 'LotMoved', data: { lotId, to } });
  const place = async (lotId: string) =>
    (await t.pool.query('SELECT place FROM lot_stock WHERE "lotId" = $1', [lotId])).rows[0]?.place as string | undefined;

  test('parks its stream in order, lets all others continue, and is folded once that succeeds', async () => {
    broken = randomUUID();
    const lot = `${bad}a`;
    await run({ views: [fragile] });
    await write(`lot-${lot}`, moved(lot, 'A'));
    await write(`lot-${lot}`, moved(lot, 'B'), broken);
    await write(`lot-${lot}`, moved(lot, 'C'));
    await write(`lot-${good}`, moved(good, 'Z'));
    await caughtUp([fragile]);
    expect([await place(lot), await place(good)]).toEqual(['A', 'Z']);
    const [parked] = await listParked(t.pool);
    expect(parked).toMatchObject({
      view: 'lot-stock',
      partition: `lot-${lot}`,
      waiting: 2,
      head: { id: broken, error: 'Error: a lot without a certificate' },
    });
    await expectEqual([fragile]);

    await retryParked(t.pool, parked!.table, parked!.partition);
    await until(async () => (await inspectParked(t.pool, parked!.table, parked!.partition))[0]?.attempts === 2);
    expect(await place(lot)).toBe('A');

    broken = undefined;
    await retryParked(t.pool, parked!.table, parked!.partition);
    await until(async () => (await listParked(t.pool)).length === 0);
    expect(await place(lot)).toBe('C');
    await write(`lot-${lot}`, moved(lot, 'D'));
    await caughtUp([fragile]);
    expect(await place(lot)).toBe('D');
    await expectEqual([fragile]);
  });

  test('would be overtaken by later events without parking', async () => {
    broken = randomUUID();
    const lot = `${bad}b`;
    await write(`lot-${lot}`, moved(lot, 'A'));
    await write(`lot-${lot}`, moved(lot, 'B'), broken);
    await write(`lot-${lot}`, moved(lot, 'C'));
    await run({ views: [fragile], testing: { without: { parking: true } } });
    await caughtUp([fragile]);
    expect(await place(lot)).toBe('C');
    broken = undefined;
    const [parked] = await listParked(t.pool);
    await retryParked(t.pool, parked!.table, parked!.partition);
    await until(async () => (await listParked(t.pool)).length === 0);
    expect((await verify([fragile]))[0]).toMatchObject({
      equal: false,
      firstDifference: { key: lot, table: { place: 'B' }, log: { place: 'C' } },
    });
  });

  test('can be skipped with a reason, which is in the log and holds for every rebuild', async () => {
    broken = randomUUID();
    const lot = `${bad}c`;
    await write(`lot-${lot}`, moved(lot, 'A'));
    await write(`lot-${lot}`, moved(lot, 'B'), broken);
    await write(`lot-${lot}`, moved(lot, 'C'));
    const views = await run({ views: [fragile] });
    await caughtUp([fragile]);
    const [parked] = await listParked(t.pool);
    const record = async (data: object) => write(OPERATIONS_STREAM, { type: SKIPPED, data });
    await expect(skipParked(t.pool, parked!.table, parked!.partition, ' ', record)).rejects.toThrow(/reason/);
    expect(await skipParked(t.pool, parked!.table, parked!.partition, 'the lot was scrapped on paper', record)).toBe(true);
    await until(async () => (await listParked(t.pool)).length === 0);
    expect(await place(lot)).toBe('C');
    await caughtUp([fragile]);
    await expectEqual([fragile]);

    const fresh = await views.rebuild('lot-stock');
    await until(async () => (await t.reads.lag()).some(({ table, status }) => table === fresh.table && status === 'live'));
    expect(await place(lot)).toBe('C');
    await expectEqual([fragile]);
  });

  test('stops a rebuild, and the live table stays', async () => {
    broken = undefined;
    const views = await run({ views: [fragile] });
    await caughtUp([fragile]);
    const [first] = await t.log.readStream(`lot-${good}`, 0n, 1);
    broken = first!.id;
    const fresh = await views.rebuild('lot-stock');
    await until(async () => (await t.reads.lag()).some(({ table, status }) => table === fresh.table && status === 'stopped'));
    expect((await t.reads.lag()).find(({ table }) => table === fresh.table)!.stoppedBecause).toMatch(
      /LotMoved 0@lot-haifa.L9002 .* without a certificate/,
    );
    expect(await place(good)).toBe('Z');
    broken = undefined;
  });

  test('is found within its batch if only the database refuses it', async () => {
    const lot = `${bad}d`;
    await write(`lot-${lot}`, { type: 'LotReceived', data: { lotId: lot, material: 'm', pieces: 2_147_483_647 } });
    await write(`lot-${lot}`, { type: 'LotReceived', data: { lotId: lot, material: 'm', pieces: 1 } });
    await write(`lot-${lot}`, moved(lot, 'Q'));
    await run({ views: [lotStock] });
    await caughtUp([lotStock]);
    const [parked] = await listParked(t.pool);
    expect(parked).toMatchObject({ partition: `lot-${lot}`, waiting: 2, head: { revision: 1n, type: 'LotReceived' } });
    expect(parked!.head.error).toMatch(/out of range/);
    await expectEqual([lotStock]);
  });

  test('is also found if the database refuses it only at COMMIT, and nothing is held up', async () => {
    const place = `P-${randomUUID()}`;
    const lots = ['a', 'b', 'c'].map((letter) => `${bad}${letter}-${place}`);
    for (const lot of lots.slice(0, 2)) await write(`lot-${lot}`, moved(lot, place));
    await write(`lot-${lots[2]}`, moved(lots[2]!, `${place}2`));
    await t.pool.query('CREATE EXTENSION IF NOT EXISTS btree_gist');
    await run({ views: [onePlaceOneLot] });
    await caughtUp([onePlaceOneLot], 10_000);
    const own = (await listParked(t.pool)).filter(({ partition }) => partition.includes(place));
    expect(own).toMatchObject([{ partition: `lot-${lots[1]}`, head: { type: 'LotMoved' } }]);
    expect(own[0]!.head.error).toMatch(/exclusion constraint/);
    const { rows } = await t.pool.query('SELECT "lotId" FROM lot_place WHERE place LIKE $1 ORDER BY 1', [`${place}%`]);
    expect(rows.map(({ lotId }) => lotId as string)).toEqual([lots[0], lots[2]]);
  });

  test('is not the result of a database outage: that parks nothing', async () => {
    await run({ views: [lotStock, machineNow] });
    const parkedBefore = (await caughtUp([lotStock, machineNow]), (await listParked(t.pool)).length);
    for (let i = 0; i < 5; i++) {
      await t.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'views %' AND datname = current_database()`,
      );
      await append(40 + i, 10);
    }
    await caughtUp([lotStock, machineNow]);
    expect((await listParked(t.pool)).length).toBe(parkedBefore);
    await expectEqual([lotStock, machineNow]);
  });
});
