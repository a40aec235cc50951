import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { capacityLoad } from './capacity-load.view';
import { facilityCapacity, minutesOf } from './facility-capacity';
import type { FacilityCapacityEvent } from './facility-capacity.events';

const capacityId = 'lyon.cutting';
const of = { capacityId, reservationId: 'R1' };
const terms = { mode: 'Cumulative' as const, units: 2, minutesPerDay: 480 };
const monday = (minutes: number) => [{ date: '2026-01-05', minutes }];
const defined: FacilityCapacityEvent = { type: 'CapacityDefined', data: { capacityId, ...terms } };
const reserved = (reservationId: string, minutes: number, more: object = {}): FacilityCapacityEvent => ({
  type: 'CapacityReserved',
  data: { capacityId, reservationId, buckets: monday(minutes), ...more },
});
const confirmed: FacilityCapacityEvent = { type: 'ReservationConfirmed', data: of };
const [soon, later] = ['2999-01-05T08:00:00.000Z', '2999-01-06T08:00:00.000Z'];

describe('a reservation', () => {
  test('takes minutes that are free', () => {
    given(facilityCapacity, defined)
      .when('ReserveCapacity', { ...of, buckets: monday(960) })
      .then(reserved('R1', 960));
    given(facilityCapacity, defined, reserved('R1', 960))
      .when('ReserveCapacity', { ...of, buckets: monday(960) })
      .changesNothing();
  });
  test('may last for some minutes from now on', () => {
    const context = {
      now: '2026-01-05T08:00:00.000Z',
      occurredAt: '2020-01-01T00:00:00Z',
      actor: 'pia',
      role: 'planner',
      commandId: 'c',
      digestOf,
    };
    const asked = { ...of, buckets: monday(10), lastsMinutes: 30 };
    const state = facilityCapacity.evolve(facilityCapacity.initial, defined);
    expect(facilityCapacity.decide.ReserveCapacity(asked, state, context)).toEqual([
      reserved('R1', 10, { expiresAt: '2026-01-05T08:30:00.000Z' }),
    ]);
  });
  test('is refused beyond the capacity of a day', () => {
    given(facilityCapacity, defined, reserved('R1', 900))
      .when('ReserveCapacity', { capacityId, reservationId: 'R2', buckets: monday(61) })
      .rejects('capacity-exceeded');
    given(facilityCapacity)
      .when('ReserveCapacity', { ...of, buckets: monday(1) })
      .rejects('capacity-unknown');
  });
  test('has no limit where capacity is infinite', () =>
    given(facilityCapacity, { type: 'CapacityDefined', data: { capacityId, ...terms, mode: 'Infinite' } })
      .when('ReserveCapacity', { ...of, buckets: monday(100_000) })
      .then(reserved('R1', 100_000)));
  test('of days that do not exist or stand twice, or under a used id, is refused', () => {
    given(facilityCapacity, defined)
      .when('ReserveCapacity', { ...of, buckets: [{ date: '2026-02-30', minutes: 1 }] })
      .rejects('day-unknown');
    given(facilityCapacity, defined)
      .when('ReserveCapacity', { ...of, buckets: [...monday(1), ...monday(2)] })
      .rejects('day-twice');
    given(facilityCapacity, defined, reserved('R1', 10))
      .when('ReserveCapacity', { ...of, buckets: monday(11) })
      .rejects('reservation-exists');
    given(facilityCapacity, defined)
      .when('ReserveCapacity', { ...of, buckets: monday(1), expiresAt: '2001-01-01T00:00:00Z' })
      .rejects('expiry-in-the-past');
    given(facilityCapacity, defined)
      .when('ReserveCapacity', { ...of, buckets: monday(1), expiresAt: later, lastsMinutes: 30 })
      .rejects('expiry-twice');
  });
  test('is released once, and its minutes are free again', () => {
    const released: FacilityCapacityEvent = {
      type: 'ReservationReleased',
      data: { ...of, cause: 'Released', reason: 'cancelled', buckets: monday(960) },
    };
    given(facilityCapacity, defined, reserved('R1', 960))
      .when('ReleaseReservation', { ...of, reason: 'cancelled' })
      .then(released);
    given(facilityCapacity, defined, reserved('R1', 960), released)
      .when('ReleaseReservation', { ...of, reason: 'cancelled' })
      .changesNothing();
    given(facilityCapacity, defined, reserved('R1', 960), released)
      .when('ReserveCapacity', { capacityId, reservationId: 'R2', buckets: monday(960) })
      .then(reserved('R2', 960));
  });
  test('expires unless it is confirmed or extended', () => {
    const past = '2001-01-01T00:00:00.000Z';
    const due = reserved('R1', 10, { expiresAt: past });
    given(facilityCapacity, defined, due)
      .when('ExpireReservation', of)
      .then({ type: 'ReservationReleased', data: { ...of, cause: 'Expired', reason: `not confirmed by ${past}`, buckets: monday(10) } });
    given(facilityCapacity, defined, due, confirmed).when('ExpireReservation', of).changesNothing();
    given(facilityCapacity, defined, reserved('R1', 10, { expiresAt: soon }))
      .when('ExpireReservation', of)
      .changesNothing();
    given(facilityCapacity, defined).when('ExpireReservation', of).changesNothing();
  });
  test('expires by the time of its timer, whatever the clock of the app says', () => {
    const at = '2026-01-05T09:00:00.000Z';
    given(facilityCapacity, defined, reserved('R1', 10, { expiresAt: at }))
      .when('ExpireReservation', of, { now: '2026-01-05T08:59:00.000Z', occurredAt: at })
      .then({ type: 'ReservationReleased', data: { ...of, cause: 'Expired', reason: `not confirmed by ${at}`, buckets: monday(10) } });
  });
  test('does not take an id that was released', () =>
    given(facilityCapacity, defined, reserved('R1', 10), {
      type: 'ReservationReleased',
      data: { ...of, cause: 'Released', reason: 'x', buckets: monday(10) },
    })
      .when('ReserveCapacity', { ...of, buckets: monday(10) })
      .rejects('reservation-released'));
  test('is the same in any order of its days', () => {
    const tuesday = { date: '2026-01-06', minutes: 5 };
    const both: FacilityCapacityEvent = { type: 'CapacityReserved', data: { ...of, buckets: [...monday(10), tuesday] } };
    given(facilityCapacity, defined)
      .when('ReserveCapacity', { ...of, buckets: [tuesday, ...monday(10)] })
      .then(both);
    given(facilityCapacity, defined, both)
      .when('ReserveCapacity', { ...of, buckets: [tuesday, ...monday(10)] })
      .changesNothing();
  });
  test('is confirmed and extended', () => {
    const due = reserved('R1', 10, { expiresAt: soon });
    given(facilityCapacity, defined, due).when('ConfirmReservation', of).then(confirmed);
    given(facilityCapacity, defined, due, confirmed).when('ConfirmReservation', of).changesNothing();
    given(facilityCapacity, defined, due)
      .when('ExtendReservation', { ...of, expiresAt: later })
      .then({ type: 'ReservationExtended', data: { ...of, from: soon, to: later } });
    given(facilityCapacity, defined, reserved('R1', 10, { expiresAt: later }))
      .when('ExtendReservation', { ...of, expiresAt: soon })
      .rejects('expiry-earlier');
    given(facilityCapacity, defined, due, confirmed)
      .when('ExtendReservation', { ...of, expiresAt: later })
      .rejects('reservation-lasts');
    given(facilityCapacity, defined).when('ConfirmReservation', of).rejects('reservation-unknown');
  });
});

describe('a block', () => {
  const block = { capacityId, blockId: 'B1', buckets: monday(480), reason: 'maintenance' };
  const blocked: FacilityCapacityEvent = { type: 'CapacityBlocked', data: block };
  test('is never refused, and flags what no longer fits', () => {
    given(facilityCapacity, defined, reserved('R1', 960))
      .when('BlockCapacity', block)
      .then(blocked, { type: 'CapacityOverbookedDetected', data: { capacityId, date: '2026-01-05', taken: 1_440, capacity: 960 } });
    given(facilityCapacity, defined, reserved('R1', 480)).when('BlockCapacity', block).then(blocked);
  });
  test('leaves less to reserve until it is taken back', () => {
    given(facilityCapacity, defined, blocked)
      .when('ReserveCapacity', { ...of, buckets: monday(481) })
      .rejects('capacity-exceeded');
    given(facilityCapacity, defined, blocked)
      .when('UnblockCapacity', { capacityId, blockId: 'B1' })
      .then({ type: 'CapacityUnblocked', data: { capacityId, blockId: 'B1', buckets: monday(480) } });
    given(facilityCapacity, defined).when('UnblockCapacity', { capacityId, blockId: 'B1' }).changesNothing();
    given(facilityCapacity, defined, blocked)
      .when('BlockCapacity', { ...block, buckets: monday(1) })
      .rejects('block-exists');
  });
});

test('one machine has one unit', () =>
  given(facilityCapacity)
    .when('DefineCapacity', { capacityId, ...terms, mode: 'Unary' })
    .rejects('units-of-unary'));

test('new terms flag the days that are overbooked by them', () =>
  given(facilityCapacity, defined, reserved('R1', 960))
    .when('DefineCapacity', { capacityId, ...terms, units: 1 })
    .then(
      { type: 'CapacityDefined', data: { capacityId, ...terms, units: 1 } },
      { type: 'CapacityOverbookedDetected', data: { capacityId, date: '2026-01-05', taken: 960, capacity: 480 } },
    ));

test('plans are told terms and what is taken', () => {
  const state = [defined, reserved('R1', 100), reserved('R2', 60)].reduce(facilityCapacity.evolve, facilityCapacity.initial);
  expect(facilityCapacity.tells!(state)).toEqual({ ...terms, taken: { '2026-01-05': 160 } });
  expect(facilityCapacity.tells!(facilityCapacity.initial)).toBeNull();
});

test('I19: no day has more reserved than there is, and what is taken is what was reserved and not released', () => {
  const days = ['2026-01-05', '2026-01-06'];
  const act = fc.record({
    type: fc.constantFrom('ReserveCapacity' as const, 'ReleaseReservation' as const, 'ConfirmReservation' as const),
    reservationId: fc.constantFrom('A', 'B', 'C', 'D'),
    buckets: fc.uniqueArray(fc.record({ date: fc.constantFrom(...days), minutes: fc.integer({ min: 1, max: 700 }) }), {
      selector: ({ date }) => date,
      minLength: 1,
    }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const context = { now: soon, occurredAt: soon, actor: 'ann', role: 'planner', commandId: 'c', digestOf };
      const events: FacilityCapacityEvent[] = [defined];
      for (const { type, ...command } of acts) {
        const state = events.reduce(facilityCapacity.evolve, facilityCapacity.initial);
        try {
          events.push(...facilityCapacity.decide[type]({ capacityId, reason: 'x', ...command } as never, state, context));
        } catch {
          // Refused: nothing changes.
        }
      }
      const { taken, reservations, terms: known } = events.reduce(facilityCapacity.evolve, facilityCapacity.initial);
      const sums: Record<string, number> = {};
      for (const { buckets } of Object.values(reservations))
        for (const { date, minutes } of buckets) sums[date] = (sums[date] ?? 0) + minutes;
      expect(taken).toEqual(sums);
      expect(Object.values(taken).every((minutes) => minutes <= minutesOf(known!))).toBe(true);
      const rows = Object.values(folded(capacityLoad, [`facility-capacity-${capacityId}`, events])) as { date: string; reserved: number }[];
      expect(Object.fromEntries(rows.map(({ date, reserved: minutes }) => [date, minutes]))).toEqual(sums);
    }),
  );
});
