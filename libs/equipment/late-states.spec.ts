import { folded } from '#platform/testing/folded';
import { equipmentNow } from './equipment-now.view';
import { at, equipmentId, register, shift, type Step } from './equipment-pasts';
import { equipmentStop } from './equipment-stop.view';
import { equipmentTimeline } from './equipment-timeline.view';

const stream = 'equipment-haifa.M4';

describe('the time line of a machine whose states come late', () => {
  test.each([
    [
      'a state that was seen again',
      [
        ['Execute', 0],
        ['Execute', 20],
        ['Stopped', 5],
      ],
      [
        ['Execute', 0, 5],
        ['Stopped', 5, 20],
        ['Execute', 20, null],
      ],
      [[5, 20]],
    ],
    [
      'a state that was seen again before the next',
      [
        ['Execute', 0],
        ['Execute', 20],
        ['Held', 30],
        ['Stopped', 5],
      ],
      [
        ['Execute', 0, 5],
        ['Stopped', 5, 20],
        ['Execute', 20, 30],
        ['Held', 30, null],
      ],
      [
        [5, 20],
        [30, null],
      ],
    ],
    [
      'each of several',
      [
        ['Execute', 0],
        ['Execute', 10],
        ['Execute', 20],
        ['Stopped', 5],
        ['Held', 15],
      ],
      [
        ['Execute', 0, 5],
        ['Stopped', 5, 10],
        ['Execute', 10, 15],
        ['Held', 15, 20],
        ['Execute', 20, null],
      ],
      [
        [5, 10],
        [15, 20],
      ],
    ],
    [
      'a lost signal that was lost still',
      [
        ['Execute', 0],
        ['STALE', 1],
        ['STALE', 30],
        ['Idle', 10],
      ],
      [
        ['Execute', 0, 1],
        ['Unknown', 1, 10],
        ['Idle', 10, 30],
        ['Unknown', 30, null],
      ],
      [],
    ],
    [
      'a stop that lasted',
      [
        ['Held', 0],
        ['Held', 20],
        ['Execute', 5],
      ],
      [
        ['Held', 0, 5],
        ['Execute', 5, 20],
        ['Held', 20, null],
      ],
      [
        [0, 5],
        [20, null],
      ],
    ],
  ] as [string, [string, number][], [string, number, number | null][], [number, number | null][]][])(
    'splits %s where a late observation falls into it',
    (_, sightings, wanted, stopped) => {
      const events = shift(
        register,
        ...sightings.map(([state, minute]): Step =>
          state === 'STALE'
            ? ['ObserveEquipmentState', { state: 'UNAVAILABLE', quality: 'STALE' }, minute]
            : ['ObserveEquipmentState', { state }, minute],
        ),
      );
      const instant = (minute: number | null) => (minute === null ? null : at(minute));
      const intervals = Object.values(folded(equipmentTimeline, [stream, events]))
        .map(({ state, startedAt, endedAt }) => [state, startedAt, endedAt])
        .sort(([, a], [, b]) => (a! < b! ? -1 : 1));
      expect(intervals).toEqual(wanted.map(([state, from, to]) => [state, at(from), instant(to)]));
      const stops = Object.values(folded(equipmentStop, [stream, events])).map(({ startedAt, endedAt }) => [startedAt, endedAt]);
      expect(stops.sort(([a], [b]) => (a! < b! ? -1 : 1))).toEqual(stopped.map(([from, to]) => [at(from), instant(to)]));
      const [state, since] = wanted.at(-1)!;
      const openStopId = stopped.at(-1)?.[1] === null ? expect.any(String) : null;
      expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({ state, since: at(since), openStopId });
    },
  );
});

test.each([
  [
    'seen again',
    [
      ['Execute', 0],
      ['Execute', 20],
    ],
    20,
  ],
  [
    'not seen ready again',
    [
      ['Execute', 0],
      ['Stopped', 20],
    ],
    null,
  ],
  [
    'seen ready after it stopped',
    [
      ['Execute', 0],
      ['Stopped', 20],
      ['Resetting', 30],
      ['Idle', 31],
      ['Execute', 40],
    ],
    31,
  ],
] as [string, [string, number][], number | null][])('a late abort of a machine that was %s says when', (_, sightings, minute) => {
  const seen = ([...sightings, ['Aborted', 5]] as [string, number][]).map(([state, when]): Step => [
    'ObserveEquipmentState',
    { state },
    when,
  ]);
  const abort = shift(register, ...seen).find(({ type, data }) => type === 'EquipmentStateObserved' && data.state === 'Aborted');
  expect(abort?.data).toMatchObject({ late: true, within: { readyAgain: minute === null ? null : at(minute) } });
});
