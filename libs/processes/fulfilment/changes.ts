/** Changes of the state that several inputs make. */
import type { LegMade, LegStep } from '#customer-order/customer-order.events';
import { compare, minus } from '#manufacturing/quantity';
import { change, type Fulfilment, isOpen, isOver, type Leg, legOf, note, since, withMade } from './state';
import type { QuestionKind } from './questions';

export const ORDER_TIMER = 'the order again';

export const legTimer = (leg: number) => `leg ${leg} again`;
export const startTimer = (leg: number) => `start of leg ${leg}`;

/** Whether it starts is no longer asked. */
export const notLate = (state: Fulfilment, { leg }: Leg): Fulfilment =>
  state.question?.leg === leg ? withoutQuestion(state, 'Late') : state;

/** The pivot: from now on the leg cannot be undone. */
export const begun = (state: Fulfilment, leg: Leg): Fulfilment =>
  note(notLate(change(state, leg.leg, { started: true, goal: 'make', waits: 'no', refusals: 0 }), leg), {
    type: 'RecordCustomerLegStarted',
    data: { customerOrderId: state.customerOrderId, leg: leg.leg },
  });

export const made = (state: Fulfilment, leg: Leg, { good, scrap, rework }: LegMade, occurredAt?: string): Fulfilment =>
  note(withMade(state, leg, { made: { good, scrap, rework } }), {
    type: 'RecordCustomerLegEnded',
    data: { customerOrderId: state.customerOrderId, leg: leg.leg, good, scrap, rework, ...(occurredAt ? { occurredAt } : {}) },
  });

/** Its plant says that it made something for the leg, which was taken back meanwhile. */
export const madeAnyway = ({ undone: gone, late }: Leg): boolean => gone && compare(late?.good ?? '0', '0') > 0;

/** What was made anyway counts for the order, as of a leg that ended. Nothing is reserved for it any more. */
export const counting = (state: Fulfilment, leg: Leg): Fulfilment =>
  note(withMade(state, leg, { undone: false, goal: 'make', started: true, freed: true, made: leg.late! }), {
    type: 'RecordCustomerLegEnded',
    data: { customerOrderId: state.customerOrderId, leg: leg.leg, ...leg.late!, takenBack: true },
  });

/** Somebody was faster: a plan is made with what is free now, also at this plant. */
const anew = (state: Fulfilment): Fulfilment => ({ ...state, unplaceable: '0' });

/** A plant that refused or fell short gets no further leg until a person or the customer says something. */
export const excluding = (state: Fulfilment, { facilityId }: Leg): Fulfilment => ({
  ...state,
  unplaceable: '0',
  excluded: state.excluded.includes(facilityId) ? state.excluded : [...state.excluded, facilityId],
});

/** The leg is undone, and with it, where the customer wants all or nothing, all that have not started. `outrun`: others took its capacity. */
export function givenUp(state: Fulfilment, leg: Leg, why: string, outrun = false): Fulfilment {
  const all = state.demand!.partial === 'AllOrNothing' ? state.legs.filter((each) => isOpen(each) && !each.started) : [leg];
  return all.reduce((after, each) => undoing(after, each, why), outrun ? anew(state) : excluding(state, leg));
}

export const undoing = (state: Fulfilment, { leg, goal }: Leg, why: string): Fulfilment =>
  goal === 'undo' ? state : change(state, leg, { goal: 'undo', why, waits: 'no', refusals: 0 });

/** Its transfer will not leave. */
export const notShipped = (state: Fulfilment, { leg, again, sentAgain }: Leg): Fulfilment =>
  change(state, leg, { transfer: 'over', refusals: 0, outdated: false, sentAgain: minus(sentAgain, again) });

/** Asks a person, or, while another question is open, later: no question replaces another. */
export function question(state: Fulfilment, kind: QuestionKind, text: string, leg?: number): Fulfilment {
  const asked = { kind, text, ...(leg ? { leg } : {}) };
  if (state.question && since(2, state)) return { ...state, later: [...(state.later ?? []), asked] };
  const n = state.questions + 1;
  return { ...state, questions: n, question: { id: `D${n}`, ...asked, asked: false } };
}

/** The present question has been withdrawn by somebody, and still is one: it is asked again. */
export function askedAgain({ question: asked, ...state }: Fulfilment): Fulfilment {
  return asked ? question(state, asked.kind, asked.text, asked.leg) : state;
}

/** The next of the questions that waited, if it still is one. */
export function nextQuestion({ later = [], ...state }: Fulfilment): Fulfilment {
  const [next, ...rest] = later;
  if (state.question || !next) return later.length > 0 ? { ...state, later } : state;
  const left = rest.length > 0 ? { ...state, later: rest } : state;
  return stillAsks(state, next) ? question(left, next.kind, next.text, next.leg) : nextQuestion(left);
}

function stillAsks(
  { status, planning, verdict, legs }: Fulfilment,
  { kind, leg: n }: Readonly<{ kind: QuestionKind; leg?: number }>,
): boolean {
  if (status !== 'open') return false;
  const leg = legs.find((each) => each.leg === n);
  switch (kind) {
    case 'Partial':
      return planning === 'proposed' && verdict === undefined;
    case 'Shipment':
    case 'Returned':
      return leg?.transfer === 'over';
    case 'MadeAnyway':
      return leg !== undefined && madeAnyway(leg);
    case 'Late':
      return leg !== undefined && isOpen(leg) && !leg.started;
    default:
      return true;
  }
}

/** Withdraws the question if it is of one of these kinds, and forgets those that waited. */
export function withoutQuestion(before: Fulfilment, ...kinds: readonly QuestionKind[]): Fulfilment {
  const { question: asked, ...state } = withoutLater(before, ...kinds);
  if (!asked || !kinds.includes(asked.kind)) return asked ? { ...state, question: asked } : state;
  return { ...state, ...(asked.asked ? { withdrawn: asked.id } : {}), ...rejecting(state) };
}

/** Forgets questions of these kinds that nobody has been asked yet. */
export function withoutLater({ later = [], ...state }: Fulfilment, ...kinds: readonly QuestionKind[]): Fulfilment {
  const kept = later.filter(({ kind }) => !kinds.includes(kind));
  if (kept.length === later.length) return later.length > 0 ? { ...state, later } : state;
  return { ...state, ...(kept.length > 0 ? { later: kept } : {}), ...rejecting(state) };
}

/** A plan that waits for an answer, or is not chosen yet, is not carried out. */
export const rejecting = ({ planning }: Fulfilment): Partial<Fulfilment> =>
  planning === 'proposed' ? { verdict: 'reject' } : planning === 'accepted' ? { verdict: 'supersede' } : {};

/** A step is undone. Nothing of the leg is left once that was the last one. */
export function undone(state: Fulfilment, n: number, step: LegStep, tell: boolean): Fulfilment {
  const leg = legOf(state, n);
  if (step === 'Ship') {
    const again = { transfer: 'none', shipment: leg.shipment + 1, refusals: 0, outdated: false } as const;
    return change(state, n, { ...(leg.outdated ? again : { transfer: 'over' }), done: without(leg.done, step) });
  }
  const done = step === 'Reserve' ? [] : without(leg.done, step);
  const next = change(state, n, { done, refusals: 0, ...(isOver(leg) ? { freed: true } : {}) });
  return tell ? note(next, { type: 'RecordCustomerLegUndo', data: { customerOrderId: state.customerOrderId, leg: n, step } }) : next;
}

export const without = (steps: readonly LegStep[], gone: LegStep): LegStep[] => steps.filter((step) => step !== gone);

export const unplanned = ({ proposal: _, verdict: __, ...state }: Fulfilment): Fulfilment => state;

export const withoutTrim = (state: Fulfilment, { leg: n }: Leg): Fulfilment => ({
  ...state,
  legs: state.legs.map((leg) => {
    if (leg.leg !== n) return leg;
    const { trimTo: _, ...rest } = leg;
    return rest;
  }),
});
