/**
 * What the machines of four plants do for some days: states, stops with their classification, orders and reports, as events of the real slices. The
 * same for one seed.
 */
import { chance } from '../../faults/parts.mjs';

export const PLANTS = ['haifa', 'lyon', 'oslo', 'pune'];
const DAY = 86_400_000;
const MINUTE = 60_000;
export const START = Date.parse('2025-01-01T00:00:00Z');
const REASONS = [
  ['jam', 'MinorStop'],
  ['spindle', 'Breakdown'],
  ['no-material', 'Starved'],
  ['setup', 'SetupAndAdjustment'],
  ['maintenance', 'PlannedMaintenance'],
];
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const iso = (at) => new Date(at).toISOString();

/** Plants and calendars first, then day by day; `at` is when each happened. */
export function* plantYear({ machines, days, stopsPerDay, seed }) {
  const random = chance(seed);
  const event = (stream, type, data, at) => ({ stream, type, data, at });
  for (const facilityId of PLANTS) {
    yield event(
      `facility-${facilityId}`,
      'FacilityRegistered',
      { facilityId, name: facilityId, enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' },
      START,
    );
    const shifts = ['06:00', '14:00', '22:00'].map((startsAt, i) => ({
      shift: `S${i + 1}`,
      startsAt,
      endsAt: ['14:00', '22:00', '06:00'][i],
      breaks: [],
      weekdays: WEEKDAYS,
    }));
    const calendarId = `${facilityId}.all`;
    yield event(
      `shift-calendar-${calendarId}`,
      'CalendarVersionPublished',
      { calendarId, timeZone: 'UTC', effectiveFrom: '2025-01-01', shifts },
      START,
    );
  }
  const all = Array.from({ length: machines }, (_, n) => ({
    equipmentId: `${PLANTS[n % PLANTS.length]}.M${n}`,
    stops: 0,
    since: null,
    state: 'Stopped',
  }));
  for (const { equipmentId } of all) yield event(`equipment-${equipmentId}`, 'EquipmentRegistered', registered(equipmentId), START);
  for (let day = 0; day < days; day += 1)
    for (const machine of all) yield* dayOf(machine, START + day * DAY, day, stopsPerDay, random, event);
}

function* dayOf(machine, begin, day, stops, random, event) {
  const { equipmentId } = machine;
  const stream = `equipment-${equipmentId}`;
  const [facility, local] = equipmentId.split('.');
  const workOrderId = `${facility}.${local}-${day}`;
  const order = { workOrderId };
  const orders = [workOrderId];
  const times = (at) => ({ releasedAt: iso(at), plannedStart: iso(begin), plannedEnd: iso(begin + 23 * 60 * MINUTE) });
  const operations = [{ operationId: '10', name: 'Turn', sequence: 10, equipmentId, idealCycleSeconds: '30', overlapAllowed: false }];
  const terms = { product: `P${day % 12}`, quantity: '1000', unit: 'pcs', overPercent: '5', underPercent: '5' };
  const ofOrder = `work-order-${workOrderId}`;
  yield event(ofOrder, 'WorkOrderReleased', { ...order, ...terms, operations, resumeWithinMinutes: 30, ...times(begin) }, begin);
  yield event(
    ofOrder,
    'WorkOrderStarted',
    { ...order, operationId: '10', equipmentId, operationIds: ['10'], startedAt: iso(begin) },
    begin,
  );
  const start = { ...order, operationId: '10', equipmentId, resumeWithinMinutes: 30, startedAt: iso(begin) };
  yield event(ofOrder, 'OperationStarted', start, begin);
  yield event(
    stream,
    'EquipmentAssigned',
    { equipmentId, workOrderId, load: 1, batchKey: null, at: iso(begin), stateSince: machine.since },
    begin,
  );
  const enter = (state, at) => {
    const data = {
      equipmentId,
      reported: state,
      state,
      quality: 'GOOD',
      at: iso(at),
      claimedAt: iso(at),
      applied: true,
      from: machine.state,
      since: machine.since,
      legal: true,
      workOrderIds: orders,
    };
    Object.assign(machine, { state, since: iso(at) });
    return event(stream, 'EquipmentStateObserved', data, at);
  };
  const part = DAY / stops;
  for (let n = 0; n < stops; n += 1) {
    const runs = begin + n * part;
    const stands = runs + Math.floor(part * (0.6 + 0.3 * random()));
    const stopId = `S${(machine.stops += 1)}`;
    yield enter('Execute', runs);
    if (n > 0 || day > 0)
      yield event(stream, 'StopClosed', { equipmentId, stopId: `S${machine.stops - 1}`, openedAt: machine.opened, at: iso(runs) }, runs);
    const state = random() < 0.1 ? 'Aborted' : 'Held';
    yield enter(state, stands);
    machine.opened = iso(stands);
    yield event(
      stream,
      'StopOpened',
      { equipmentId, stopId, cause: state === 'Held' ? 'Hold' : 'Abort', at: iso(stands), workOrderIds: orders },
      stands,
    );
    const [reasonCode, lossClass] = REASONS[Math.floor(random() * REASONS.length)];
    if (random() < 0.8)
      yield event(
        stream,
        'StopClassified',
        { equipmentId, stopId, reasonCode, lossClass, previousReasonCode: null, previousLossClass: null },
        stands + MINUTE,
      );
  }
  for (let n = 0; n < 3; n += 1) {
    const [from, to] = [begin + n * 8 * 60 * MINUTE, begin + (n + 1) * 8 * 60 * MINUTE - MINUTE];
    const scrap = [{ quantity: String(Math.floor(random() * 9) + 1), reasonCode: REASONS[Math.floor(random() * 3)][0] }];
    const made = {
      kind: 'Production',
      operationId: '10',
      equipmentId,
      person: `ID${n}`,
      good: String(300 + Math.floor(random() * 60)),
      scrap,
      rework: '0',
      unit: 'pcs',
    };
    yield event(ofOrder, 'ProductionReported', { ...order, reportId: `r${n}`, ...made, from: iso(from), to: iso(to), output: true }, to);
  }
  const end = begin + DAY - MINUTE;
  yield event(ofOrder, 'OperationCompleted', { ...order, operationId: '10', equipmentId, good: '990', scrap: '9' }, end);
  yield event(
    ofOrder,
    'WorkOrderEnded',
    {
      ...order,
      ending: 'Completed',
      totals: { good: '990', scrap: '9', rework: '0', unit: 'pcs' },
      operationIds: ['10'],
      endedAt: iso(end),
    },
    end,
  );
  yield event(stream, 'EquipmentUnassigned', { equipmentId, workOrderId, at: iso(end) }, end);
}

const registered = (equipmentId) => ({
  equipmentId,
  name: equipmentId,
  elementId: null,
  equipmentClass: 'lathe',
  profile: 'PACKML_2022',
  modes: [{ mode: 1, name: 'Production', disabledStates: [] }],
  modeChangeStates: ['Stopped', 'Idle', 'Aborted'],
  capacityMode: 'Infinite',
  maxConcurrent: null,
  vendorStates: [],
  mode: 1,
  state: 'Stopped',
  since: null,
});
