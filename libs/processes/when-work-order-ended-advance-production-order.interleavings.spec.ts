import type { Message } from '#kernel/decider';
import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { shortfall } from '#manufacturing/tolerance';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { productionOrder } from '#production-order/production-order';
import type * as productionOrderCommands from '#production-order/production-order.commands';
import { workOrder } from '#work-order/work-order';
import type * as reportCommands from '#work-order/report.commands';
import type * as workOrderCommands from '#work-order/work-order.commands';
import { whenWorkOrderEndedAdvanceProductionOrder as advance } from './when-work-order-ended-advance-production-order';
import { whenWorkOrderLinkedAttachIt as attach } from './when-work-order-linked-attach-it';

type Told = Message<typeof productionOrderCommands> | Message<typeof reportCommands> | Message<typeof workOrderCommands>;
const day = (time: string) => `2026-01-05T${time}:00.000Z`;
const send = (type: Told['type'], data: object): Act => ({ send: { type, data: data as Record<string, unknown> } });
const pcs = (amount: string) => ({ amount, unit: 'pcs' });
const orders = ['haifa.P1', 'haifa.P2'];
const workOrders = ['haifa.W1', 'haifa.W2'];

const create = (local = 'P1', amount = '10') =>
  send('CreateProductionOrder', { productionOrderId: `haifa.${local}`, product: 'flange', quantity: pcs(amount), due: day('18:00') });
const plan = (type: Told['type'], local = 'P1', data: object = {}) =>
  send(type, { productionOrderId: `haifa.${local}`, reason: 'as planned', ...data });
const link = (local = 'P1', work = 'W1', amount = '10') =>
  plan('LinkWorkOrder', local, { workOrderId: `haifa.${work}`, quantity: pcs(amount) });
const unlink = (local = 'P1', work = 'W1') => plan('UnlinkWorkOrder', local, { workOrderId: `haifa.${work}` });
const release = (work = 'W1', local?: string, amount = '10') =>
  send('ReleaseWorkOrder', {
    workOrderId: `haifa.${work}`,
    ...(local ? { productionOrderId: `haifa.${local}` } : {}),
    product: 'flange',
    quantity: pcs(amount),
    allowStart: true,
    operations: [{ operationId: '10', name: 'press', sequence: 1, equipmentId: 'haifa.M4' }],
  });
const work = (type: Told['type'], data: object = {}, local = 'W1') =>
  send(type, { workOrderId: `haifa.${local}`, reason: 'so be it', ...data });
const make = (local = 'W1', good = '10') => [
  work('StartWorkOrder', {}, local),
  work(
    'ReportProduction',
    { reportId: 'r1', operationId: '10', equipmentId: 'haifa.M4', good, from: day('07:45'), to: day('08:00') },
    local,
  ),
  work('CompleteOperation', { operationId: '10' }, local),
  work('CompleteWorkOrder', {}, local),
];
const correct = (good: string) => work('CorrectReport', { reportId: 'r1', replacementReportId: 'r2', good });
const report = work('ReportProduction', {
  reportId: 'r1',
  operationId: '10',
  equipmentId: 'haifa.M4',
  good: '4',
  from: day('07:45'),
  to: day('08:00'),
});

/** What must hold once nothing more happens: production orders and work orders agree, and one whose demand is met is complete. */
function faultsOf({ state }: Ending): string[] {
  const faults: string[] = [];
  for (const orderId of orders) {
    const order = state(productionOrder, orderId);
    if (order.status === 'Unknown') continue;
    for (const workOrderId of workOrders) {
      const leg = order.legs.find((each) => each.workOrderId === workOrderId);
      const made = state(workOrder, workOrderId);
      if (made.status === 'Unknown' || made.status === 'Observed') continue;
      const works = made.productionOrderId === orderId;
      if (works !== Boolean(leg))
        faults.push(`${workOrderId} ${works ? 'works' : 'does not work'} for ${orderId}, which ${leg ? 'has it' : 'does not know it'}`);
      if (!leg || !works) continue;
      const under = made.status === 'Running' || made.status === 'Interrupted';
      const over = made.status === 'Ended' || made.status === 'Aborted' || made.status === 'Cancelled';
      const is = over ? 'Ended' : under ? 'Started' : 'Linked';
      if (leg.state !== is) faults.push(`${workOrderId} is ${made.status}, for ${orderId} it is ${leg.state}`);
      const good = made.operations.at(-1)!.good;
      if (over && leg.made?.good !== good) faults.push(`${workOrderId} made ${good}, for ${orderId} it made ${leg.made?.good}`);
    }
    const all = order.legs.length > 0 && order.legs.every((leg) => leg.state === 'Ended');
    const good = order.legs.reduce((total, { made }) => total + Number(made?.good ?? 0), 0);
    const met = all && !shortfall(String(good), order.demand.quantity, order.demand);
    if (met && (order.status === 'Open' || order.status === 'InProgress')) faults.push(`${orderId} is ${order.status}, and all is made`);
    if (!met && order.status === 'Completed') faults.push(`${orderId} is Completed, and not all is made`);
  }
  return faults;
}

const scene = (parties: Scene['parties'], past: readonly Act[] = [], processes: readonly unknown[] = [advance, attach]): Scene => ({
  deciders: [productionOrder, workOrder],
  processes: processes as Process<unknown, Event, unknown>[],
  now: day('08:00'),
  past,
  parties,
  faultsOf,
});

const scenes: Record<string, Scene> = {
  'an order is created while its work order runs': scene({ planner: [create()], floor: [release('W1', 'P1'), ...make()] }),
  'a work order is linked before or after its release': scene({ planner: [link()], floor: [release(), ...make()] }, [create()]),
  'a work order is released for its order and unlinked': scene({ planner: [unlink()], floor: [release('W1', 'P1'), ...make()] }, [
    create(),
  ]),
  'a work order is unlinked and linked again': scene({ planner: [unlink(), link()], floor: make() }, [create(), release('W1', 'P1')]),
  'a work order is linked, unlinked and linked': scene(
    { planner: [link(), unlink(), link()], floor: [release(), work('StartWorkOrder')] },
    [create()],
  ),
  'two orders want one work order': scene({ one: [link('P1')], two: [link('P2')], floor: [release(), ...make()] }, [
    create('P1'),
    create('P2'),
  ]),
  'two orders want one work order, and one lets it go': scene({ one: [link('P1'), unlink('P1')], two: [link('P2')], floor: [release()] }, [
    create('P1'),
    create('P2'),
  ]),
  'one order links what is released for another': scene({ one: [link('P1')], floor: [release('W1', 'P2'), work('StartWorkOrder')] }, [
    create('P1'),
    create('P2'),
  ]),
  'two work orders make one order': scene({ first: make('W1', '6'), second: make('W2', '4') }, [
    create(),
    release('W1', 'P1', '6'),
    release('W2', 'P1', '4'),
  ]),
  'an order is held and goes on': scene({ planner: [plan('HoldProductionOrder'), plan('ResumeProductionOrder')], floor: make() }, [
    create(),
    release('W1', 'P1'),
  ]),
  'an order becomes smaller': scene(
    {
      planner: [plan('AmendProductionOrder', 'P1', { quantity: pcs('4') })],
      floor: [work('StartWorkOrder'), report, work('StopWorkOrder')],
    },
    [create(), release('W1', 'P1')],
  ),
  'a work order that is not needed is unlinked': scene({ planner: [unlink('P1', 'W2')], floor: make() }, [
    create(),
    release('W1', 'P1'),
    plan('AmendProductionOrder', 'P1', { quantity: pcs('11'), overPercent: '100', underPercent: '50' }),
    release('W2', 'P1', '5'),
  ]),
  'a work order is withdrawn': scene({ planner: [unlink(), link()], floor: [work('CancelWorkOrder')] }, [create(), release('W1', 'P1')]),
  'a work order is broken off': scene({ planner: [unlink(), link()], floor: [work('AbortWorkOrder')] }, [create(), release('W1', 'P1')]),
  'a work order becomes smaller': scene(
    { planner: [unlink(), link('P1', 'W1', '7')], floor: [work('UpdateWorkOrder', { quantity: pcs('8') }), work('StartWorkOrder')] },
    [create(), release('W1', 'P1')],
  ),
  'figures are corrected after the end': scene(
    { quality: [correct('10')], floor: [work('StopWorkOrder')], planner: [plan('HoldProductionOrder'), plan('ResumeProductionOrder')] },
    [create(), release('W1', 'P1'), work('StartWorkOrder'), report],
  ),
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: every order ends well', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test('a faulty process is detected', () => {
  const react: typeof attach.react = (state, input, at) => (input.type === 'WorkOrderUnlinked' ? [] : attach.react(state, input, at));
  const past = [create(), release('W1', 'P1')];
  const tried = (processes: readonly unknown[]) => explained(interleave(scene({ planner: [unlink()], floor: make() }, past, processes)));
  expect(tried([advance, attach])).toBe('');
  expect(tried([advance, { ...attach, react }])).toContain('haifa.W1 works for haifa.P1, which does not know it');
  expect(tried([advance])).toContain('haifa.W1 works for haifa.P1, which does not know it');
  const withoutCreation = { ...advance, events: advance.events.filter((type) => type !== 'ProductionOrderCreated') };
  const early = scene({ planner: [create()], floor: [release('W1', 'P1')] }, [], [withoutCreation, attach]);
  expect(explained(interleave(early))).toContain('haifa.W1 works for haifa.P1, which does not know it');
});

test('the recorded histories show every kind of step', () => {
  for (const { name } of [advance, attach]) expect(unrecorded(name, met)).toEqual([]);
});
