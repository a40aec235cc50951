import type { Context, Decider, Regard } from '#kernel/decider';
import { scopeIn, streamOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { FACILITY_ID } from '#manufacturing/facility';
import { isPositive } from '#manufacturing/quantity';
import { type ToldStock, usableStockOf } from '#manufacturing/usable-stock';
import type { Definition, Qualification } from '#work-master/work-master.events';
import type * as commands from './allocation-plan.commands';
import type { AllocationPlanEvent, AllocationProposed, BatchShare, Candidate, PlanInputs, PlanOrder } from './allocation-plan.events';
import { ALGORITHM, planOf } from './planner';
import { sharedPlan } from './shared-plan';
import { stockSteps } from './stock';
import { type Lane, laneFor, neededOfEach } from './terms';

export type AllocationPlan =
  | Readonly<{ status: 'Unknown' }>
  | Readonly<{ status: 'Proposed' | 'Accepted' | 'Rejected' | 'Superseded'; customerOrderId: string; request: string }>;

/** What the streams that a plan regards say of themselves. */
type ToldMaster =
  | Readonly<{ version: string; unit: string; facilities: readonly Qualification[] } & Partial<Pick<Definition, 'materials'>>>
  | null
  | undefined;
type ToldCapacity =
  Readonly<{ mode: string; units: number; minutesPerDay: number; taken: Readonly<Record<string, number>> }> | null | undefined;
type ToldLane = Lane | null | undefined;

const refuse = (code: string, message: string, facts: Readonly<Record<string, unknown>>): never => {
  throw new Rejected(code, message, facts);
};

const masterStream = (planId: string, product: string): string => streamOf('work-master', `${scopeIn(planId)}.${product}`);
const capacityStream = (capacityId: string): string => streamOf('facility-capacity', capacityId);
const laneStream = (from: string, to: string): string => streamOf('transport-lane', `${from}.${to}`);

/** The work master of the product first, then capacity, lane and stock of each plant that it names. */
function regards(
  name: string,
  command: Readonly<Record<string, unknown>>,
  _: unknown,
  regarded: Context['regarded'] = {},
): readonly Regard[] {
  if (name !== 'ProposeAllocation') return [];
  const { planId, product, shipTo, batch } = command as unknown as commands.ProposeAllocation;
  const master = masterStream(planId, product);
  const told = regarded[master] as ToldMaster;
  return [
    { stream: master },
    ...(told?.facilities ?? []).flatMap(({ facilityId, capacityId }) => [
      { stream: capacityStream(capacityId), now: true as const },
      ...(shipTo === undefined || shipTo === facilityId ? [] : [{ stream: laneStream(facilityId, shipTo) }]),
      // A batch was planned with the stock as it was then.
      ...(batch ? [] : (told?.materials ?? [])).map(({ materialId }) => ({ stream: usableStockOf(facilityId, materialId) })),
    ]),
  ];
}

/** Everything that the planner needs, as it was when the plan was asked for. */
function inputsOf(command: commands.ProposeAllocation, { regarded = {}, now }: Context): PlanInputs {
  const { planId, product, customer, quantity, due, earliest = now, shipTo, excluded = [], maxLegs, latest, batch } = command;
  const master = regarded[masterStream(planId, product)] as ToldMaster;
  const [first, last] = [earliest, latest ?? due].map((instant) => new Date(instant).toISOString().slice(0, 10)) as [string, string];
  const order: PlanOrder = {
    product,
    ...(customer === undefined ? {} : { customer }),
    quantity: quantity.amount,
    unit: quantity.unit,
    due,
    earliest,
    ...(shipTo === undefined ? {} : { shipTo }),
    excluded: [...excluded],
    ...(maxLegs === undefined ? {} : { maxLegs }),
    ...(latest === undefined ? {} : { latest }),
  };
  const candidates = (master?.facilities ?? []).map((plant): Candidate => {
    const { facilityId, capacityId } = plant;
    const capacity = regarded[capacityStream(capacityId)] as ToldCapacity;
    const days = Object.entries(capacity?.taken ?? {}).filter(([date]) => date >= first && date <= last);
    const stays = shipTo === undefined || shipTo === facilityId;
    const kept = neededOfEach(master?.materials ?? []).flatMap((material) => {
      const lots = regarded[usableStockOf(facilityId, material.materialId)] as ToldStock;
      return lots ? [{ ...material, lots }] : [];
    });
    const stock = stockSteps(order, kept);
    return {
      ...plant,
      ...(capacity ? { minutesPerDay: capacity.mode === 'Infinite' ? null : capacity.units * capacity.minutesPerDay } : {}),
      taken: Object.fromEntries(days.sort(([a], [b]) => (a < b ? -1 : 1))),
      ...(stays ? {} : laneFor(quantity.unit, (regarded[laneStream(facilityId, shipTo)] as ToldLane) ?? null)),
      ...(stock ? { stock } : {}),
    };
  });
  return { order, ...(master ? { workMasterVersion: master.version } : {}), candidates, ...(batch ? { batch: shareOf(batch) } : {}) };
}

/** Plain data, as the event has it. */
const shareOf = ({ digest, algorithm, gap, legs, unplaced }: NonNullable<commands.ProposeAllocation['batch']>): BatchShare => ({
  digest,
  algorithm,
  gap,
  legs: legs.map(({ facilityId, quantity, buckets }) => ({
    facilityId,
    quantity,
    buckets: buckets.map(({ date, minutes }) => ({ date, minutes })),
  })),
  unplaced: unplaced.map(({ quantity, reason }) => ({ quantity, reason })),
});

/** What was asked for: the same question has the same plan. */
const requestOf = ({ order, batch }: PlanInputs): string => JSON.stringify({ ...order, earliest: undefined, batch });

function propose(command: commands.ProposeAllocation, state: AllocationPlan, context: Context): readonly AllocationProposed[] {
  const { planId, customerOrderId, product, quantity, due, earliest = context.now, excluded = [] } = command;
  const inputs = inputsOf(command, context);
  if (state.status !== 'Unknown') {
    if (state.request === requestOf(inputs) && state.customerOrderId === customerOrderId) return [];
    refuse('plan-exists', `Plan ${planId} exists for another question. Use a new id.`, { planId });
  }
  if (!isPositive(quantity.amount)) refuse('quantity-not-positive', '`quantity` must be above 0, was 0.', { planId });
  if (Date.parse(due) <= Date.parse(earliest))
    refuse('due-in-the-past', `\`due\` must be later than ${earliest}, was ${due}.`, { due, earliest });
  const wrong = excluded.find((facility) => !FACILITY_ID.test(facility));
  if (wrong !== undefined) refuse('facility-malformed', `each of \`excluded\` must be a facility, e.g. haifa, was ${wrong}.`, { wrong });
  const master = context.regarded?.[masterStream(planId, product)] as ToldMaster;
  if (master && master.unit !== quantity.unit)
    refuse('unit-incompatible', `\`quantity\` must be in ${master.unit}, the unit of ${product}, was in ${quantity.unit}.`, { product });
  if (command.latest !== undefined && !inputs.batch)
    refuse('latest-without-batch', '`latest` is only used with a share of a batch. Leave it out.', { planId });
  const fault = inputs.batch && sharedPlan(inputs, inputs.batch);
  if (typeof fault === 'string')
    refuse('share-outdated', `The share of the batch does not fit any more: ${fault}. Plan again.`, { planId });
  const data = { planId, customerOrderId, ...planOf(inputs), algorithm: ALGORITHM, digest: context.digestOf(inputs), inputs };
  return [{ type: 'AllocationProposed', data }];
}

function known(state: AllocationPlan, planId: string): Exclude<AllocationPlan, { status: 'Unknown' }> {
  return state.status === 'Unknown' ? refuse('plan-unknown', `Unknown plan ${planId}.`, { planId }) : state;
}

/** How an order is split over plants. A plan is never changed: another one takes its place. */
export const allocationPlan: Decider<typeof commands, AllocationPlan, AllocationPlanEvent> = {
  category: 'allocation-plan',
  initial: { status: 'Unknown' },
  id: ({ planId }) => planId,
  regards,
  evolve: (state, { type, data }) => {
    if (type === 'AllocationProposed')
      return { status: 'Proposed', customerOrderId: data.customerOrderId, request: requestOf(data.inputs) };
    if (state.status === 'Unknown') return state;
    return { ...state, status: type === 'PlanAccepted' ? 'Accepted' : type === 'PlanRejected' ? 'Rejected' : 'Superseded' };
  },
  decide: {
    ProposeAllocation: propose,
    AcceptPlan: ({ planId }, state) => {
      const { status, customerOrderId } = known(state, planId);
      if (status === 'Accepted') return [];
      if (status !== 'Proposed') refuse('plan-over', `Plan ${planId} is ${status.toLowerCase()}. Propose another one.`, { planId, status });
      return [{ type: 'PlanAccepted', data: { planId, customerOrderId } }];
    },
    RejectPlan: ({ planId, reason }, state) => {
      const { status, customerOrderId } = known(state, planId);
      if (status === 'Rejected') return [];
      if (status !== 'Proposed')
        refuse('plan-over', `Plan ${planId} is ${status.toLowerCase()}; only a proposed plan can be rejected.`, { planId, status });
      return [{ type: 'PlanRejected', data: { planId, customerOrderId, reason } }];
    },
    SupersedePlan: ({ planId, reason }, state) => {
      const { status, customerOrderId } = known(state, planId);
      if (status === 'Superseded') return [];
      if (status === 'Rejected') refuse('plan-over', `Plan ${planId} is rejected.`, { planId, status });
      return [{ type: 'PlanSuperseded', data: { planId, customerOrderId, reason } }];
    },
  },
};
