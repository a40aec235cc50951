/** What the fulfilment of a customer order knows: the order, its legs, the plan that is looked at, and the question to a person. */
import type { AllocationProposed } from '#allocation-plan/allocation-plan.events';
import type { CustomerDemand, LegDelivery, LegMade, LegStep, PlannedLeg, RunningPolicy } from '#customer-order/customer-order.events';
import type { MasterOperation } from '#work-master/work-master.events';
import { compare, minus, plus, sum } from '#manufacturing/quantity';
import type { Out } from './messages';
import type { Question } from './questions';

/** A leg, and what is wanted of it: that it is made, or that nothing is left of it. */
export type Leg = PlannedLeg &
  Readonly<{
    goal: 'make' | 'undo';
    /** Why it is undone. */
    why: string;
    /** Steps that are done and not undone, in their order. */
    done: readonly LegStep[];
    /** Refusals of what is tried now. */
    refusals: number;
    /** It waits for its timer, or for a person. */
    waits: 'no' | 'timer' | 'person';
    started: boolean;
    undone: boolean;
    /** Work at the plant is over. */
    made?: LegMade;
    /** Its reservation is released after the end. */
    freed: boolean;
    /** What its plant reported for it after it was taken back, and how much of that a person has been asked about. */
    late?: LegMade;
    lateAsked?: string;
    /** The quantity that is still wanted, where it is less than planned. */
    trimTo?: string;
    /** The plant refused to make less. */
    untrimmable: boolean;
    /** Work on it is to be stopped; asked is that it is. */
    stop: 'no' | 'wanted' | 'asked';
    transfer: 'none' | 'planned' | 'shipped' | 'over';
    /** Counts its transfers; the present one has this number. */
    shipment: number;
    /** The present transfer has not left, and is not of what was made, as is known by now. */
    outdated?: boolean;
    /** What came back and is shipped again: by the present transfer, and by all. */
    again: string;
    sentAgain: string;
    /** What became of each transfer, and of all of them. */
    deliveries: readonly LegDelivery[];
    delivery?: LegDelivery;
  }>;

/** What is being asked of another stream: one thing at a time, so that its answer is known to be that. */
export type Task =
  | Readonly<{ do: 'note' | 'propose' | 'reject' | 'accept' | 'choose' | 'supersede' | 'ask' | 'withdraw' | 'cancel' | 'end' }>
  | Readonly<{ do: 'step' | 'undo'; leg: number; step: LegStep }>
  | Readonly<{ do: 'trim' | 'stop' | 'free'; leg: number }>;

type Edition = 2 | 3 | 4;

export type Fulfilment = Readonly<{
  customerOrderId: string;
  /** What it does beyond version 1; see `since`. */
  edition?: Edition;
  demand?: CustomerDemand;
  status: 'open' | 'cancelling' | 'over';
  held: boolean;
  running: RunningPolicy;
  reason: string;
  /** Number of the last plan that was asked for, and where it stands. */
  plans: number;
  planning: 'idle' | 'asked' | 'proposed' | 'accepted' | 'chosen';
  proposal?: AllocationProposed['data'];
  verdict?: 'accept' | 'reject' | 'supersede';
  /** What the last plan could not place: not asked for again until something changes. */
  unplaceable: string;
  /** Plans since a person or the customer last said something. */
  replans: number;
  /** The last that made less needed of the other legs was a plant that made more, not the customer. */
  madeMore?: boolean;
  /** Plants that refused or fell short. */
  excluded: readonly string[];
  /** A person accepted that a part is left out, or that the order ends with what is made. */
  partAccepted: boolean;
  shortAccepted: boolean;
  /** The quantity that was missing then: more is not accepted by it. */
  shortBy?: string;
  operations: readonly MasterOperation[];
  legs: readonly Leg[];
  questions: number;
  question?: Question;
  /** What is asked once the present question is answered. */
  later?: readonly Omit<Question, 'id' | 'asked'>[];
  /** A question that is no longer one. */
  withdrawn?: string;
  /** A person decided to cancel. */
  cancel: 'no' | 'wanted' | 'asked';
  /** What is to be recorded on the order, in this order. */
  notes: readonly Note[];
  /** The end was refused: something is about to be heard. */
  endRefused: boolean;
  /** It waits for its own timer. */
  waits: boolean;
  doing?: Task;
  /** Timers that the last input set. */
  timers: readonly (Readonly<{ name: string }> & (Readonly<{ minutes: number }> | Readonly<{ at: string }>))[];
}>;

/** A record for the order; `later` is a field that says when something will be, in minutes from now. */
export type Note = Readonly<{ out: Out; later?: Readonly<{ field: string; minutes: number }> }>;

export const initial: Fulfilment = {
  customerOrderId: '',
  status: 'open',
  held: false,
  running: 'Ask',
  reason: '',
  plans: 0,
  planning: 'idle',
  unplaceable: '0',
  replans: 0,
  excluded: [],
  partAccepted: false,
  shortAccepted: false,
  operations: [],
  legs: [],
  questions: 0,
  cancel: 'no',
  notes: [],
  endRefused: false,
  waits: false,
  timers: [],
};

/**
 * Of version 2: a reservation ends by itself unless it is confirmed in time, and no question replaces another. Of version 3: a person is asked
 * what becomes of pieces that a plant made for a leg after it was taken back. Of version 4: a transfer that has not left follows a correction of
 * what was made, legs that become smaller because another plant made more say so, an accepted shortage covers no later loss, and amounts of a
 * transfer are in the order's unit.
 */
export const since = (edition: Edition, state: Fulfilment): boolean => (state.edition ?? 1) >= edition;

/** Plans without a new word of a person or the customer; then a person is asked. */
export const MOST_PLANS = 4;

/** Its first plan is made together with other orders, by a planner. */
export const awaitsBatch = ({ demand, plans, planning }: Fulfilment): boolean =>
  demand?.planning === 'Batch' && plans === 0 && planning === 'idle';

export const isOver = ({ made }: Leg): boolean => made !== undefined;
export const isOpen = (leg: Leg): boolean => !leg.undone && !isOver(leg);
const shipsTo = ({ demand, status }: Fulfilment, leg: Leg): boolean =>
  status === 'open' && demand?.shipTo !== undefined && demand.shipTo !== leg.facilityId && compare(leg.made?.good ?? '0', '0') > 0;
/** What the leg made has to be shipped, and nobody has planned that. */
export const awaitsShipment = (state: Fulfilment, leg: Leg): boolean => leg.transfer === 'none' && shipsTo(state, leg);
/** Nothing more is expected of the leg. */
export const isSettled = (state: Fulfilment, leg: Leg): boolean =>
  leg.undone || (isOver(leg) && leg.freed && (leg.transfer === 'over' || (leg.transfer === 'none' && !shipsTo(state, leg))));

const counted = (leg: Leg): string => {
  if (leg.undone) return '0';
  if (!leg.delivery) return leg.made?.good ?? leg.quantity;
  return leg.transfer === 'over' ? leg.delivery.received : plus(leg.delivery.received, leg.again);
};
const positive = (amount: string): string => (compare(amount, '0') > 0 ? amount : '0');

/** The quantity that no leg makes. Legs that are being undone still count. */
export const unallocated = ({ demand, legs }: Fulfilment): string => positive(minus(demand!.quantity, sum(legs.map(counted))));
/** What legs make beyond what is ordered, without those that are being undone or reduced. */
export const surplus = ({ demand, legs }: Fulfilment): string =>
  positive(minus(sum(legs.map((leg) => (leg.goal === 'undo' ? '0' : (leg.trimTo ?? counted(leg))))), demand!.quantity));

/** Somebody accepted that so much is missing. */
export const acceptsRest = (state: Fulfilment): boolean =>
  state.shortAccepted && (!since(4, state) || compare(unallocated(state), state.shortBy ?? '0') <= 0);

/** Why less is wanted of a leg than was planned. */
export function whyLess(state: Fulfilment): string {
  if (!since(4, state) || !state.madeMore) return 'the customer needs less';
  const beyond = state.legs.some(({ made, late, quantity }) => made && (late || compare(made.good, quantity) > 0));
  return `another plant has made more than ${beyond ? 'was planned' : 'it had reported'}`;
}

export const legOf = ({ legs }: Fulfilment, leg: number): Leg => legs.find((each) => each.leg === leg)!;
export const change = (state: Fulfilment, leg: number, changes: Partial<Leg>): Fulfilment => ({
  ...state,
  legs: state.legs.map((each) => (each.leg === leg ? { ...each, ...changes } : each)),
});
/** What a leg has made is known, or known better. */
export function withMade(before: Fulfilment, leg: Leg, changes: Partial<Leg> & Pick<Leg, 'made'>): Fulfilment {
  const state = change(before, leg.leg, changes);
  const more = compare(counted(legOf(state, leg.leg)), leg.trimTo ?? counted(leg)) > 0;
  return more ? { ...state, madeMore: true } : state;
}
export const note = (state: Fulfilment, out: Out, later?: Note['later']): Fulfilment => ({
  ...state,
  notes: [...state.notes, { out, ...(later ? { later } : {}) }],
});
export const newestFirst = (legs: readonly Leg[]): readonly Leg[] => [...legs].sort((a, b) => b.leg - a.leg);
