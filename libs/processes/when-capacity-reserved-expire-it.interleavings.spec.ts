import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { facilityCapacity } from '#facility-capacity/facility-capacity';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { whenCapacityReservedExpireIt as expire } from './when-capacity-reserved-expire-it';

const capacityId = 'lyon.cutting';
const of = { capacityId, reservationId: 'R1' };
const send = (type: string, data: object = {}): Act => ({ send: { type, data: { ...of, reason: 'so be it', ...data } } });
const expiresAt = '2026-01-05T09:00:00.000Z';
const define = send('DefineCapacity', { mode: 'Unary', units: 1, minutesPerDay: 480 });
const reserve = send('ReserveCapacity', { buckets: [{ date: '2026-01-07', minutes: 100 }], expiresAt });
const due: Act = { clock: '2026-01-05T09:30:00.000Z' };

/** A reservation that is neither confirmed nor extended stands when its time is over. */
function faultsOf({ state }: Ending): string[] {
  const left = state(facilityCapacity, capacityId).reservations.R1;
  return left && !left.confirmed && left.expiresAt === expiresAt ? ['it expired, and stands'] : [];
}
const scene = (people: readonly Act[], process: unknown = expire): Scene => ({
  deciders: [facilityCapacity],
  processes: [process as Process<unknown, Event, unknown>],
  now: '2026-01-05T08:00:00.000Z',
  past: [define],
  parties: { people: [reserve, ...people], time: [due] },
  faultsOf,
});

const met: History[] = [];
test.each([
  ['leaves it', []],
  ['confirms it', [send('ConfirmReservation')]],
  ['extends it', [send('ExtendReservation', { expiresAt: '2026-01-06T09:00:00.000Z' })]],
  ['releases it', [send('ReleaseReservation')]],
  [
    'releases it and reserves for good',
    [send('ReleaseReservation'), send('ReserveCapacity', { buckets: [{ date: '2026-01-08', minutes: 5 }] })],
  ],
])('somebody %s: what is not confirmed in time is free again', (_, people) => {
  const found = interleave(scene(people));
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test('a process that forgets the time is detected', () => {
  const react: typeof expire.react = (state, input, at) => expire.react(state, input, at).filter((each) => !('remind' in each));
  expect(explained(interleave(scene([], { ...expire, react })))).toContain('it expired, and stands');
});

test('the recorded histories show every kind of step', () => expect(unrecorded(expire.name, met)).toEqual([]));
