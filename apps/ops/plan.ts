import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { BatchPlan, PlannedOrder } from '#allocation-plan/batch';
import type { BatchInputs, BatchOrder } from '#allocation-plan/batch-inputs';
import { PlanningFailed, planInThread } from '#allocation-plan/batch.thread';
import { scopeIn } from '#kernel/identity';
import { digestOf } from '#platform/commands/digest';
import { planIdOf } from '#manufacturing/order-ids';
import { AMOUNT, plus, type Unit } from '#manufacturing/quantity';
import type { Definition } from '#work-master/work-master.events';
import { now } from '#platform/runtime/clock';
import { freeLots, type LotRow } from './free-lots';
import { whole } from './import';
import { each, rowsOf, send } from './rest';
import type { Whereabouts } from './system';
import { PlainFault, Progress, say, sayJson, table } from './terminal';

type Flags = Whereabouts & {
  json?: boolean;
  dryRun?: boolean;
  inputs?: string;
  save?: string;
  lateDays?: string;
  lateCost?: string;
  ignoreStock?: boolean;
  timeLimit?: string;
};

const PLANNERS = ['planner'];
const AT_ONCE = 16;

type OrderRow = Readonly<{
  customerOrderId: string;
  customer: string;
  product: string;
  quantity: string;
  unit: BatchOrder['unit'];
  due: string;
  priority: number;
  shipTo: string | null;
  maxLegs: number | null;
  plans: number;
  decisionId: string | null;
}>;
type MasterRow = Readonly<{ workMasterId: string; version: string; unit: Definition['unit']; definition: Definition }>;
type CapacityRow = Readonly<{ capacityId: string; mode: string; units: number; minutesPerDay: number }>;
type LoadRow = Readonly<{ capacityId: string; date: string; reserved: number; blocked: number }>;
type LaneRow = Readonly<{ laneId: string; transitHours: number; costPerUnit: string; unit: Unit; retired: boolean }>;

/** Everything that the waiting orders are planned from, as the read models have it. */
async function gathered(flags: Flags, late: BatchInputs['late']): Promise<BatchInputs> {
  const list = <T>(path: string, filters = {}) => rowsOf<T>(flags, PLANNERS, path, filters);
  const waiting = (await list<OrderRow>('customer-orders', { status: 'Open', planning: 'Batch' })).filter(
    ({ plans, decisionId }) => plans === 0 && decisionId === null,
  );
  const products = new Set(waiting.map(({ customerOrderId, product }) => `${scopeIn(customerOrderId)}.${product}`));
  const masters = (await list<MasterRow>('work-master', { status: 'Approved' })).filter(({ workMasterId }) => products.has(workMasterId));
  const capacities: Record<string, { minutesPerDay: number | null; taken: Record<string, number> }> = {};
  for (const { capacityId, mode, units, minutesPerDay } of await list<CapacityRow>('facility-capacity'))
    capacities[capacityId] = { minutesPerDay: mode === 'Infinite' ? null : units * minutesPerDay, taken: {} };
  for (const { capacityId, date, reserved, blocked } of await list<LoadRow>('capacity-load'))
    if (capacities[capacityId]) capacities[capacityId].taken[date] = reserved + blocked;
  const lanes = (await list<LaneRow>('transport-lane')).filter(({ retired }) => !retired);
  const earliest = now().toISOString();
  return {
    earliest,
    orders: waiting.map(({ customerOrderId, customer, product, quantity, unit, due, priority, shipTo, maxLegs }) => ({
      ...{ customerOrderId, customer, product, quantity, unit, due, priority },
      ...(shipTo === null ? {} : { shipTo }),
      ...(maxLegs === null ? {} : { maxLegs }),
    })),
    workMasters: Object.fromEntries(
      masters.map(({ workMasterId, version, unit, definition: { facilities, materials } }) => [
        workMasterId,
        { version, unit, facilities, materials },
      ]),
    ),
    capacities,
    lanes: Object.fromEntries(lanes.map(({ laneId, transitHours, costPerUnit, unit }) => [laneId, { transitHours, costPerUnit, unit }])),
    stock: {},
    lots: flags.ignoreStock ? {} : await lotsOf(list, masters, earliest),
    ...(late ? { late } : {}),
  };
}

/** Lots of the materials of these products, at plants that keep some. Elsewhere they are not limited. */
async function lotsOf(list: <T>(path: string, filters?: object) => Promise<T[]>, masters: readonly MasterRow[], at: string) {
  const all = masters.flatMap(({ definition }) => definition.materials);
  const materials = new Set(all.map(({ materialId }) => materialId));
  const unitless = new Set(all.filter(({ unit }) => !unit).map(({ materialId }) => materialId));
  const lots: LotRow[] = [];
  for (const materialId of [...materials].sort()) lots.push(...(await list<LotRow>('material-lot', { materialId })));
  return freeLots(lots, at, unitless);
}

/** @throws PlainFault */
function inputsIn(path: string): BatchInputs {
  try {
    const { inputs } = JSON.parse(readFileSync(path, 'utf8')) as { inputs: BatchInputs };
    if (!Array.isArray(inputs.orders)) throw new Error('it has no `inputs.orders`');
    return inputs;
  } catch (error) {
    throw new PlainFault(`Could not read the inputs of a plan from ${path}: ${(error as Error).message}`);
  }
}

async function plan(flags: Flags): Promise<void> {
  const limit = whole(flags.timeLimit, 'time-limit', 1, 86_400);
  const days = whole(flags.lateDays, 'late-days', 1, 365);
  if (flags.lateCost !== undefined && !AMOUNT.test(flags.lateCost))
    throw new PlainFault(`--late-cost must be an amount such as 0.5, was ${flags.lateCost}.`, 64);
  const late = days === undefined ? undefined : { days, costPerDay: flags.lateCost ?? '0' };
  const inputs = flags.inputs ? inputsIn(flags.inputs) : await gathered(flags, late);
  const digest = digestOf(inputs);
  const begun = performance.now();
  const made = await planInThread(inputs, limit === undefined ? {} : { timeLimitMs: limit * 1_000 }).catch((error: unknown) => {
    throw error instanceof PlanningFailed ? new PlainFault(`${error.message.replace(/\.?$/, '.')} Nothing was sent.`) : error;
  });
  const seconds = (performance.now() - begun) / 1_000;
  const save = flags.save ?? (flags.dryRun || flags.inputs || inputs.orders.length === 0 ? undefined : `plan-${digest.slice(0, 12)}.json`);
  if (save) writeFileSync(save, `${JSON.stringify({ digest, algorithm: made.algorithm, inputs }, null, 1)}\n`);
  const asked = flags.dryRun || flags.inputs ? undefined : await proposed(flags, inputs, made, digest);
  if (flags.json) sayJson({ digest, seconds, ...made, ...(save ? { saved: save } : {}), ...(asked ? { proposals: asked } : {}) });
  else sayPlan(made, digest, seconds, save, asked);
  if (asked && asked.refused.length > 0) throw new PlainFault('', 2);
}

type Proposals = Readonly<{ proposed: number; refused: readonly Readonly<{ customerOrderId: string; code: string; message: string }>[] }>;

/** Proposes to each order its part. One that its plants can no longer carry out is refused, and the order goes on waiting. */
async function proposed(flags: Flags, inputs: BatchInputs, made: BatchPlan, digest: string): Promise<Proposals> {
  const progress = new Progress();
  const orders = new Map(inputs.orders.map((order) => [order.customerOrderId, order]));
  const proposalOf = (order: BatchOrder, { legs, unallocated }: PlannedOrder) => ({
    planId: planIdOf(order.customerOrderId, 1),
    customerOrderId: order.customerOrderId,
    product: order.product,
    customer: order.customer,
    quantity: { amount: order.quantity, unit: order.unit },
    due: order.due,
    earliest: inputs.earliest,
    shipTo: order.shipTo,
    maxLegs: order.maxLegs,
    ...(inputs.late ? { latest: new Date(Date.parse(order.due) + inputs.late.days * 86_400_000).toISOString() } : {}),
    batch: {
      digest,
      algorithm: made.algorithm,
      gap: made.gap.quantity,
      legs: legs.map(({ facilityId, quantity, buckets }) => ({ facilityId, quantity, buckets })),
      unplaced: unallocated,
    },
  });
  const send1 = async (planned: PlannedOrder) => {
    const order = orders.get(planned.customerOrderId)!;
    const id = `plan-${digest.slice(0, 24)}-${order.customerOrderId}`;
    return send(flags, PLANNERS, 'allocation-plan/propose-allocation', id, proposalOf(order, planned));
  };
  const answers = await each(made.orders, AT_ONCE, send1, (n) => progress.show('proposing', n, made.orders.length));
  progress.end();
  const refused = answers.flatMap((answer, n) =>
    'refused' in answer ? [{ customerOrderId: made.orders[n]!.customerOrderId, ...answer.refused }] : [],
  );
  return { proposed: answers.length - refused.length, refused };
}

/** So many refusals are printed. */
const SHOWN = 20;

function sayPlan(made: BatchPlan, digest: string, seconds: number, save: string | undefined, asked: Proposals | undefined): void {
  const { orders, ordered, placed, cost, lateness, bound, gap } = made;
  if (orders.length === 0) return say('No order waits for a plan: place orders with `planning: Batch`.');
  const whole = orders.filter(({ unallocated }) => unallocated.length === 0).length;
  const legs = orders.flatMap((order) => order.legs);
  const reasons = new Map<string, string>();
  for (const { quantity, reason } of orders.flatMap(({ unallocated }) => unallocated))
    reasons.set(reason, plus(reasons.get(reason) ?? '0', quantity));
  const plants = new Map<string, { legs: number; quantity: string }>();
  for (const { facilityId, quantity } of legs) {
    const known = plants.get(facilityId) ?? { legs: 0, quantity: '0' };
    plants.set(facilityId, { legs: known.legs + 1, quantity: plus(known.quantity, quantity) });
  }
  say(
    `${orders.length} orders, ${whole} of them wholly placed; ${placed} of ${ordered} in ${legs.length} legs, in ${seconds.toFixed(1)} s.`,
  );
  say(`Production and freight cost ${cost}${lateness === '0' ? '' : `; late: ${lateness} (quantity × days)`}.`);
  say(
    `No plan places more than ${bound} by the due dates; this one is at most ${gap.quantity} below${gap.cost ? `, and at most ${gap.cost} dearer` : ''}.`,
  );
  say(`Inputs: ${digest}, planner version ${made.algorithm}${save ? `, saved in ${save}` : ''}.`);
  say(
    `\n${table([['plant', 'legs', 'quantity'], ...[...plants].sort(([a], [b]) => (a < b ? -1 : 1)).map(([plant, sums]) => [plant, String(sums.legs), sums.quantity])], [1, 2])}`,
  );
  if (reasons.size > 0) say(`\n${table([['not placed because', 'quantity'], ...[...reasons].sort(([a], [b]) => (a < b ? -1 : 1))], [1])}`);
  if (!asked) return say('\nNothing was sent.');
  say(`\n${asked.proposed} plans are proposed, and carried out by themselves; ${asked.refused.length} were refused.`);
  for (const { customerOrderId, code, message } of asked.refused.slice(0, SHOWN)) say(`${customerOrderId}: ${message} (${code})`);
  if (asked.refused.length > SHOWN) say(`… and ${asked.refused.length - SHOWN} more (all of them with --json)`);
}

export function addPlanCommand(program: Command): void {
  program
    .command('plan')
    .description('plan all customer orders that wait for it (planning: Batch) over the plants, in one go')
    .option('--dry-run', 'only plan and report; send nothing')
    .option('--late-days <days>', 'what has no place by its due date may be made so many days later')
    .option('--late-cost <amount>', 'what a unit costs for each day that it is late')
    .option('--ignore-stock', 'do not limit plans by the material in stock')
    .option('--save <file>', 'where the inputs are written for the auditor (default: plan-<digest>.json)')
    .option('--inputs <file>', 'plan again from saved inputs; send nothing')
    .option('--time-limit <seconds>', 'how long planning may take (default: 300); after that nothing is sent')
    .option('--json', 'print one JSON document')
    .action((_: unknown, command: Command) => plan(command.optsWithGlobals()));
}
