import type { Event, Recorded } from '#kernel/event';
import type { Process } from '#kernel/process';
import { customerOrder } from '#customer-order/customer-order';
import { balanceOf } from '#customer-order/legs';
import { decision } from '#decision/decision';
import { legIdOf } from '#manufacturing/order-ids';
import { minus, plus, sum } from '#manufacturing/quantity';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene, silenced } from '#platform/testing/interleavings';
import { productionOrder } from '#production-order/production-order';
import { workOrder } from '#work-order/work-order';
import { capacity, plan, PLANTS, transfer } from './fulfilment/others-under-test';
import {
  whenCustomerOrderPlacedFulfilIt as fulfil,
  whenCustomerOrderPlacedFulfilItV1,
  whenCustomerOrderPlacedFulfilItV2,
  whenCustomerOrderPlacedFulfilItV3,
} from './when-customer-order-placed-fulfil-it';
import { whenWorkOrderEndedAdvanceProductionOrder as advance } from './when-work-order-ended-advance-production-order';

type Data = Readonly<Record<string, unknown>>;
const ORDER = 'corp.CO-1';
const day = (time: string, date = '05') => `2026-01-${date}T${time}:00.000Z`;
const pcs = (amount: string) => ({ amount, unit: 'pcs' });

const send = (type: string, data: object): Act => ({ send: { type, data: data as Data } });
const place = (amount: string, more: object = {}) =>
  send('PlaceCustomerOrder', {
    customerOrderId: ORDER,
    customer: 'acme',
    product: 'flange',
    quantity: pcs(amount),
    due: day('18:00', '20'),
    ...more,
  });
const order = (type: string, data: object = {}) => send(type, { customerOrderId: ORDER, reason: 'as they ask', ...data });
const amend = (amount: string) => order('AmendCustomerOrder', { quantity: pcs(amount) });
const cancel = (running?: string) => order('CancelCustomerOrder', running ? { running } : {});
const block = (plant: string) => send('BlockCapacity', { capacityId: `${plant}.cell` });
const batch = (amount: string) =>
  send('ProposeAllocation', {
    ...{ planId: `${ORDER}-P1`, customerOrderId: ORDER, product: 'flange', quantity: pcs(amount), due: day('18:00', '20') },
    batch: { digest: 'd' },
  });
const decide = (option: string, n = 1) => send('MakeDecision', { decisionId: `${ORDER}-D${n}`, option, reason: 'so be it' });
const wo = (type: string, n: number, plant: string, data: object = {}) =>
  send(type, { workOrderId: legIdOf(ORDER, n, plant), reason: 'so be it', ...data });
const start = (n: number, plant: string) => wo('StartWorkOrder', n, plant, { equipmentId: `${plant}.M1` });
const make = (n: number, plant: string, good: string): Act[] => [
  start(n, plant),
  wo('ReportProduction', n, plant, {
    reportId: 'r1',
    operationId: '10',
    equipmentId: `${plant}.M1`,
    good,
    from: day('07:45'),
    to: day('08:00'),
  }),
  wo('StopWorkOrder', n, plant),
];
const ship = (n: number, plant: string, received: string, damaged = '0'): Act[] =>
  ['ShipTransfer', 'CloseTransfer'].map((type) => send(type, { transferId: `${plant}.T${n}_corp_CO-1`, received, damaged }));

type Memory = Readonly<{ done: readonly string[]; undone: readonly string[] }>;
const remember = (memory: Memory, { type, data }: Recorded): Memory => {
  const { leg, step } = data as { leg: number; step: string };
  if (type === 'CustomerLegStepDone') return { ...memory, done: [...memory.done, `${leg} ${step}`] };
  if (type === 'CustomerLegStepUndone') return { ...memory, undone: [...memory.undone, `${leg} ${step}`] };
  return memory;
};

/** Every order ends, or a person is asked; nothing stays reserved; no leg that is gone runs; nothing is undone twice or out of order. */
function faultsOf({ state, memory }: Ending): string[] {
  const faults: string[] = [];
  const placed = state(customerOrder, ORDER);
  if (placed.status === 'Unknown') return ['there is no order'];
  const { legs, demand, status, decisions } = placed;
  const over = status === 'Completed' || status === 'Cancelled';
  const waits = Object.values(decisions).includes(null) || legs.some(({ blocked }) => blocked) || status === 'Held';
  const travels = (leg: number, plant: string) => /Planned|Shipped/.test(state(transfer, `${plant}.T${leg}_corp_CO-1`).status);
  const runs =
    legs.some(({ leg, facilityId, status: is }) => is === 'Released' || is === 'Started' || travels(leg, facilityId)) &&
    status !== 'Cancelling';
  if (!over && !waits && !runs) faults.push(`the order is ${status}, and nothing happens`);
  const { unallocated, surplus } = balanceOf(demand.quantity, legs);
  const counted = legs.map((leg) => (leg.status === 'Undone' ? '0' : (leg.delivery?.received ?? leg.made?.good ?? leg.quantity)));
  if (plus(sum(counted), unallocated) !== plus(demand.quantity, surplus)) faults.push('legs and rest do not add up (I1)');
  for (const { leg, facilityId, status: is, made } of legs) {
    const id = legIdOf(ORDER, leg, facilityId);
    const work = state(workOrder, id).status;
    if (is === 'Undone' && work !== 'Unknown' && work !== 'Cancelled') faults.push(`leg ${leg} is undone, its work order is ${work}`);
    const demanded = state(productionOrder, id).status;
    if (is === 'Undone' && demanded !== 'Unknown' && demanded !== 'Cancelled')
      faults.push(`leg ${leg} is undone, its order is ${demanded}`);
    const anyway = work === 'Cancelled' && (status !== 'Open' || Object.values(decisions).includes('Count'));
    if (made && work !== 'Ended' && work !== 'Aborted' && !anyway) faults.push(`leg ${leg} has made something, its work order is ${work}`);
    if (status === 'Cancelled' && (work === 'Running' || work === 'AllowedToStart')) faults.push(`all is cancelled, leg ${leg} is ${work}`);
  }
  if (over)
    for (const plant of PLANTS) {
      const { reserved } = state(capacity, `${plant}.cell`);
      if (Object.keys(reserved).length > 0) faults.push(`${Object.keys(reserved).join()} is still reserved in ${plant}`);
    }
  const { done, undone } = memory as Memory;
  if (new Set(undone).size !== undone.length) faults.push(`undone twice: ${undone.join(', ')}`);
  for (const { leg } of legs) {
    const ofLeg = (steps: readonly string[]) => steps.filter((step) => step.startsWith(`${leg} `));
    const backwards = ofLeg(done)
      .filter((step) => undone.includes(step))
      .reverse();
    if (backwards.join() !== ofLeg(undone).join())
      faults.push(`leg ${leg} was done as ${ofLeg(done).join()}, undone as ${ofLeg(undone).join()}`);
  }
  if (status === 'Completed' && minus(sum(legs.map(({ made }) => made?.good ?? '0')), demand.quantity).startsWith('-') && !waits) {
    const short = balanceOf(demand.quantity, legs).unallocated;
    if (short === '0') faults.push('completed without what was ordered');
  }
  return faults;
}

const scene = (parties: Scene['parties'], past: readonly Act[] = [], processes: readonly unknown[] = [fulfil]): Scene => ({
  deciders: [customerOrder, productionOrder, workOrder, plan, capacity, decision, transfer],
  processes: processes as Process<unknown, Event, unknown>[],
  now: day('08:00'),
  past,
  parties,
  remember: remember as Scene['remember'],
  memory: { done: [], undone: [] } satisfies Memory,
  faultsOf,
});

/** A plant that was cut off made its leg, which is at another plant by now, and says so when it is back. */
const returned = (n: number, good: string) =>
  wo('ObserveProduction', n, 'lyon', {
    ...{ reportId: `late-${good}`, kind: 'Production', operationId: '10', equipmentId: 'lyon.M1', good },
    ...{ from: day('07:45'), to: day('08:00') },
  });
const taken = (amount: string) => [place(amount), wo('CancelWorkOrder', 1, 'lyon')];

const correct = (good: string, from: string, to: string) =>
  wo('CorrectReport', 1, 'lyon', { reportId: from, replacementReportId: to, good });

/** Each scene with the statuses of the order at its endings: one that only meets refusals shows nothing. */
const scenes: Record<string, readonly [reaches: string, scene: Scene]> = {
  'an order is made at two plants': ['Completed', scene({ lyon: make(1, 'lyon', '6'), haifa: make(2, 'haifa', '4') }, [place('10')])],
  'it is cancelled while it is planned and reserved': ['Cancelled', scene({ customer: [place('10'), cancel()] })],
  'it is cancelled when a plant starts': ['Cancelled', scene({ customer: [cancel('Stop')], lyon: [start(1, 'lyon')] }, [place('10')])],
  'it is cancelled when a plant is at work, and a person decides': [
    'Cancelled',
    scene({ customer: [cancel()], person: [decide('Finish')], lyon: make(1, 'lyon', '6') }, [place('10')]),
  ],
  'a plant falls short, and another makes the rest': [
    'Completed Open',
    scene({ lyon: make(1, 'lyon', '4'), haifa: make(2, 'haifa', '2') }, [place('6')]),
  ],
  'a plant has no room any more': ['Open', scene({ other: [block('haifa')], customer: [place('10')] })],
  'two plants have no room any more, and a person decides': [
    'Open',
    scene({ customer: [place('10')], person: [decide('AcceptPartial')], other: [block('haifa')] }, [block('lyon')]),
  ],
  'a plant cancels its work order': ['Cancelled', scene({ lyon: [wo('CancelWorkOrder', 1, 'lyon')], customer: [cancel()] }, [place('4')])],
  'it becomes smaller when a plant starts': ['Open', scene({ customer: [amend('5')], haifa: [start(2, 'haifa')] }, [place('10')])],
  'it becomes smaller while a plant is at work': [
    'Completed Open',
    scene({ customer: [amend('3')], lyon: make(1, 'lyon', '4') }, [place('6')]),
  ],
  'it becomes larger when a plant ends': ['Completed Open', scene({ customer: [amend('9')], lyon: make(1, 'lyon', '6') }, [place('6')])],
  'it is held and resumed while it is planned': [
    'Held Open',
    scene({ customer: [place('4'), order('HoldCustomerOrder')], other: [order('ResumeCustomerOrder')], lyon: [start(1, 'lyon')] }),
  ],
  'nothing can be placed, and a person cancels': [
    'Cancelled',
    scene({ person: [decide('Cancel')] }, [...PLANTS.map(block), place('4', { partial: 'AllOrNothing' })]),
  ],
  'more is ordered than there is room for': ['Open', scene({ customer: [amend('18')], person: [decide('TryAgain')] }, [place('20')])],
  'more is ordered than there is room for, and a person cancels': [
    'Cancelled Open',
    scene({ customer: [place('20')], person: [decide('Cancel')] }),
  ],
  'a part is accepted, and the order ends with it': [
    'Completed',
    scene({ lyon: make(1, 'lyon', '6'), oslo: make(3, 'oslo', '6') }, [place('20', { partial: 'Accept' }), ...make(2, 'haifa', '6')]),
  ],
  'all is shipped to one place, and some is damaged': [
    'Cancelled',
    scene({ lyon: ship(1, 'lyon', '5', '1'), customer: [cancel()] }, [place('6', { shipTo: 'haifa' }), ...make(1, 'lyon', '6')]),
  ],
  'all is shipped to one place and arrives': [
    'Completed Open',
    scene({ lyon: [...make(1, 'lyon', '6'), ...ship(1, 'lyon', '6')], haifa: make(2, 'haifa', '2') }, [place('8', { shipTo: 'haifa' })]),
  ],
  'a report is corrected before its transfer leaves': [
    'Open',
    scene(
      { supervisor: [correct('5', 'r1', 'r2')], carrier: ship(1, 'lyon', '5') },
      [place('6', { shipTo: 'haifa' }), ...make(1, 'lyon', '6')],
      [fulfil, advance],
    ),
  ],
  'a plant is silent, and a person decides': [
    'Completed Open',
    scene(
      {
        clock: [{ clock: '2099-01-07T00:00:00.000Z' }],
        person: [decide('PlanAgain')],
        lyon: make(1, 'lyon', '4'),
        haifa: make(2, 'haifa', '4'),
      },
      [place('4', { due: '2099-01-20T12:00:00Z' })],
    ),
  ],
  'a plant made its leg although it was taken back, and a person decides': [
    'Completed Open',
    scene({ lyon: [returned(1, '3')], person: [decide('Count')], haifa: make(2, 'haifa', '1') }, taken('4'), [fulfil, advance]),
  ],
  'it waits for a plan of many orders, and is made by it': [
    'Completed Open',
    scene({ planner: [batch('4')], lyon: make(1, 'lyon', '4') }, [place('4', { planning: 'Batch' })]),
  ],
  'it is changed when many orders are planned': [
    'Open',
    scene({ planner: [batch('8')], customer: [amend('3')] }, [place('8', { planning: 'Batch' })]),
  ],
  'it is cancelled when many orders are planned': [
    'Cancelled',
    scene({ planner: [batch('8')], customer: [cancel()] }, [place('8', { planning: 'Batch' })]),
  ],
  'somebody rejects the plan': [
    'Open',
    scene({ customer: [place('4')], planner: [send('RejectPlan', { planId: `${ORDER}-P1`, reason: 'not now' })] }),
  ],
};

/** These show the usual ways; the others are only checked. */
const RECORDED = [
  'an order is made at two plants',
  'it is cancelled when a plant starts',
  'it is cancelled when a plant is at work, and a person decides',
  'a plant has no room any more',
  'it becomes smaller while a plant is at work',
  'more is ordered than there is room for, and a person cancels',
  'all is shipped to one place and arrives',
  'a report is corrected before its transfer leaves',
  'a plant made its leg although it was taken back, and a person decides',
];
const met: History[] = [];
test.each(Object.entries(scenes))('%s: every order ends well', (name, [reaches, tried]) => {
  const seen = new Set<string>();
  const found = interleave({ ...tried, faultsOf: (end) => (seen.add(end.state(customerOrder, ORDER).status), tried.faultsOf(end)) });
  if (RECORDED.includes(name)) met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(
    [...seen]
      .filter((status) => status !== 'Unknown')
      .sort()
      .join(' '),
  ).toBe(reaches);
});

type Legs = readonly Readonly<{ facilityId: string; quantity: string; status: string }>[];
/** How the legs stand at the ends of all interleavings, each described once; all ends must be sound. */
function endsOf(tried: ReturnType<typeof scene>, described: (legs: Legs) => readonly string[]): string[] {
  const seen = new Set<string>();
  const faultsOf = (end: Ending) => {
    const placed = end.state(customerOrder, ORDER);
    if (placed.status === 'Unknown') return ['there is no order'];
    seen.add(described(placed.legs).join(', '));
    return tried.faultsOf(end);
  };
  expect(explained(interleave({ ...tried, faultsOf }))).toBe('');
  return [...seen].sort();
}

test('a plant whose capacity others have taken in part still gets what is left of it', () => {
  const taken = send('ReserveCapacity', { capacityId: 'haifa.cell', reservationId: 'R', buckets: [{ date: '2026-01-06', minutes: 3 }] });
  const standing = (legs: Legs) =>
    legs.filter(({ status }) => status !== 'Undone').map(({ facilityId, quantity }) => `${facilityId} ${quantity}`);
  // Reserved before the other one came, or else planned or planned again with what is left.
  expect(endsOf(scene({ customer: [place('10')], other: [taken] }), standing)).toEqual(['lyon 6, haifa 3, oslo 1', 'lyon 6, haifa 4']);
});

test('of two transfers that are cancelled, a person is asked for each, one after the other', () => {
  const cancelled = (n: number, plant: string) => send('CancelTransfer', { transferId: `${plant}.T${n}_corp_CO-1` });
  const past = [place('8', { shipTo: 'oslo' }), ...make(1, 'lyon', '6'), ...make(2, 'haifa', '2')];
  let both = 0;
  const found = (process: unknown) => {
    const parties = { carrier: [cancelled(1, 'lyon'), cancelled(2, 'haifa')], person: [decide('TryAgain'), decide('TryAgain', 2)] };
    const faultsOf = (end: Ending) => {
      const again = ['lyon.T1-2_corp_CO-1', 'haifa.T2-2_corp_CO-1'].map((id) => end.state(transfer, id).status);
      const { decisions } = end.state(customerOrder, ORDER) as { decisions: Record<string, string | null> };
      const answered = Object.values(decisions).filter((option) => option === 'TryAgain').length;
      if (answered === 2) both += 1;
      const planned = again.filter((status) => status === 'TransferPlanned').length;
      return planned === answered ? [] : [`${answered} answers, ${planned} transfers are planned again`];
    };
    return explained(interleave({ ...scene(parties, past, [process]), faultsOf }));
  };
  expect(found(fulfil)).toBe('');
  expect(both).toBeGreaterThan(0);
  expect(found(whenCustomerOrderPlacedFulfilItV1)).toContain('transfers are planned again');
});

test('what a plant made for a leg that it no longer has: a person says whether it counts', () => {
  const [processes, standing] = [
    [fulfil, advance],
    (legs: Legs) => legs.map(({ facilityId, quantity, status }) => `${facilityId} ${quantity} ${status}`),
  ];
  const tried = (option: string) =>
    endsOf(scene({ lyon: [returned(1, '3')], person: [decide(option)], haifa: [start(2, 'haifa')] }, taken('4'), processes), standing);
  // The new leg has started, so that it is made smaller, or has not, so that what is left of the order is planned anew.
  const unasked = 'lyon 4 Undone, haifa 4 Started';
  expect(tried('Count')).toEqual(['lyon 4 Ended, haifa 1 Started', 'lyon 4 Ended, haifa 4 Undone, haifa 1 Released', unasked]);
  expect(tried('KeepAsStock')).toEqual([unasked]);
});

test('what a plant reports after the answer is asked about again', () => {
  const lyon = [returned(1, '3'), decide('KeepAsStock'), returned(1, '1'), decide('KeepAsStock', 2)];
  const asked = new Set<string>();
  const faultsOf = (end: Ending) => {
    asked.add(Object.values((end.state(customerOrder, ORDER) as { decisions: object }).decisions).join());
    return [];
  };
  expect(explained(interleave({ ...scene({ lyon }, taken('4'), [fulfil, advance]), faultsOf }))).toBe('');
  expect([...asked]).toContain('KeepAsStock,KeepAsStock');
});

test('what was made for a leg that was taken back is in the balance of a cancelled order, and is not asked about under an older version', () => {
  const parties = { lyon: [returned(1, '3')], customer: [cancel()] };
  const ends = (process: unknown) => {
    const seen = new Set<string>();
    const faultsOf = (end: Ending) => {
      const { status, legs, decisions } = end.state(customerOrder, ORDER) as { status: string; legs: Legs; decisions: object };
      seen.add(`${status}, ${legs.map((leg) => leg.status).join()}, asked ${Object.keys(decisions).length}`);
      return scene({}).faultsOf(end);
    };
    expect(explained(interleave({ ...scene(parties, taken('4'), [process, advance]), faultsOf }))).toBe('');
    return [...seen].sort();
  };
  // Reported before the end, and after it.
  const [before, after] = ['Cancelled, Ended,Undone, asked 1', 'Cancelled, Undone,Undone, asked 0'];
  expect(ends(fulfil)).toEqual([before, after]);
  expect(ends(whenCustomerOrderPlacedFulfilItV2)).toEqual([after]);
});

test('a transfer that has not left is of what was made, as corrected', () => {
  const parties = { supervisor: [correct('5', 'r1', 'r2'), correct('4', 'r2', 'r3')], carrier: ship(1, 'lyon', '4') };
  const transfers = (process: unknown) => {
    const seen = new Set<string>();
    const faultsOf = ({ state }: Ending) => {
      const each = ['T1', 'T1-2', 'T1-3'].map((id) => state(transfer, `lyon.${id}_corp_CO-1`));
      seen.add(each.map(({ status, amount }) => `${status.replace('Transfer', '')} ${amount}`.replace('none ', '-')).join(', '));
      return [];
    };
    const past = [place('6', { shipTo: 'haifa' }), ...make(1, 'lyon', '6')];
    expect(explained(interleave({ ...scene(parties, past, [process, advance]), faultsOf }))).toBe('');
    return [...seen].sort();
  };
  const asFirst = 'Closed 6, -, -';
  expect(transfers(whenCustomerOrderPlacedFulfilItV3)).toEqual([asFirst]);
  expect(transfers(fulfil)).toEqual(['Cancelled 6, Cancelled 5, Planned 4', asFirst]);
});

test('a reservation that ended before it was confirmed is planned again, also at its plant', () => {
  const ended = send('ReleaseReservation', { capacityId: 'lyon.cell', reservationId: 'L1_corp_CO-1' });
  const statuses = (legs: Legs) => legs.map(({ facilityId, status }) => `${facilityId} ${status}`);
  expect(endsOf(scene({ customer: [place('4')], clock: [ended] }), statuses)).toEqual(['lyon Released', 'lyon Undone, lyon Released']);
});

test('a faulty process is detected', () => {
  const tried = (silent: string) => {
    const [, { parties, past }] = scenes['it is cancelled when a plant starts']!;
    return explained(interleave(scene(parties, past, [silenced(fulfil, silent)])));
  };
  expect(tried('none')).toBe('');
  for (const silent of ['ReleaseReservation', 'CancelWorkOrder', 'StopWorkOrder']) expect(tried(silent)).toContain('nothing happens');
});

test('the recorded histories show every kind of step', () => {
  expect(unrecorded(fulfil.name, met, fulfil.version)).toEqual([]);
});
