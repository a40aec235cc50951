/** What is done next, and in which words. One thing at a time: its answer comes before anything else is heard. */
import { decisionIdOf, planIdOf } from '#manufacturing/order-ids';
import { compare } from '#manufacturing/quantity';
import type { Out } from './messages';
import { DECIDE_WITHIN, OPTIONS } from './questions';
import {
  acceptsRest,
  awaitsBatch,
  awaitsShipment,
  type Fulfilment,
  isOpen,
  isOver,
  isSettled,
  legOf,
  type Leg,
  newestFirst,
  type Task,
  unallocated,
  whyLess,
} from './state';
import { idOf, lastUndoable, nextStep, reservationOf, stepOf } from './steps';

export function next(state: Fulfilment): Task | undefined {
  if (!state.demand) return undefined;
  if (state.notes.length > 0) return { do: 'note' };
  if (state.status === 'over') return undefined;
  return (
    undoing(state) ?? asking(state) ?? closing(state) ?? (state.held && state.status === 'open' ? undefined : going(state)) ?? ending(state)
  );
}

/** Undo goes on whatever else waits, newest leg first. */
function undoing({ legs }: Fulfilment): Task | undefined {
  for (const leg of newestFirst(legs)) {
    if (leg.goal !== 'undo' || leg.undone || leg.waits !== 'no') continue;
    const step = lastUndoable(leg);
    if (step) return { do: 'undo', leg: leg.leg, step };
  }
  return undefined;
}

function asking(state: Fulfilment): Task | undefined {
  if (state.waits) return undefined;
  if (state.withdrawn) return { do: 'withdraw' };
  if (state.question && !state.question.asked) return { do: 'ask' };
  return state.cancel === 'wanted' ? { do: 'cancel' } : undefined;
}

/** What follows from legs that run or are over. */
function closing(state: Fulfilment): Task | undefined {
  for (const leg of state.legs) {
    if (leg.waits !== 'no') continue;
    if (isOver(leg) && !leg.freed) return { do: 'free', leg: leg.leg };
    if (leg.stop === 'wanted' && isOpen(leg)) return { do: 'stop', leg: leg.leg };
    if (leg.trimTo !== undefined && isOpen(leg)) return { do: 'trim', leg: leg.leg };
    if (leg.transfer === 'planned' && (state.status === 'cancelling' || leg.outdated)) return { do: 'undo', leg: leg.leg, step: 'Ship' };
  }
  return undefined;
}

/** New plans, and the next steps of legs: everything is reserved before anything is released. */
function going(state: Fulfilment): Task | undefined {
  if (state.verdict === 'supersede') return { do: 'supersede' };
  if (state.verdict === 'reject') return { do: 'reject' };
  if (state.status !== 'open' || state.cancel !== 'no') return undefined;
  if (state.verdict === 'accept') return { do: state.planning === 'accepted' ? 'choose' : 'accept' };
  const legs = state.legs.filter((leg) => leg.goal === 'make' && !leg.undone && leg.waits === 'no');
  const forward = legs.filter(isOpen);
  const reserving = forward.find((leg) => nextStep(leg) === 'Reserve');
  const leg = reserving ?? forward.find(nextStep);
  if (leg) return { do: 'step', leg: leg.leg, step: nextStep(leg)! };
  const shipping = legs.find((each) => isOver(each) && awaitsShipment(state, each));
  if (shipping) return { do: 'step', leg: shipping.leg, step: 'Ship' };
  return wantsPlan(state) && !state.waits ? { do: 'propose' } : undefined;
}

/** Something is not placed, nobody is asked about it, and nothing is being undone whose quantity is part of it. */
const wantsPlan = (state: Fulfilment): boolean =>
  state.planning === 'idle' &&
  !awaitsBatch(state) &&
  !state.question &&
  state.cancel === 'no' &&
  !acceptsRest(state) &&
  compare(unallocated(state), state.unplaceable) > 0 &&
  state.legs.every((leg) => leg.goal === 'make' || leg.undone || leg.waits === 'person');

function ending(state: Fulfilment): Task | undefined {
  if (state.endRefused || state.question || state.cancel !== 'no' || state.planning !== 'idle') return undefined;
  if (!state.legs.every((leg) => isSettled(state, leg))) return undefined;
  if (state.status === 'cancelling') return { do: 'end' };
  const done = compare(unallocated(state), '0') === 0 || acceptsRest(state);
  return done && !state.held ? { do: 'end' } : undefined;
}

/** The command or event that a task sends. `at` is the floor time of what it follows from. */
export function commandFor(state: Fulfilment, task: Task, at: string): Out {
  const { customerOrderId, demand, reason } = state;
  const planId = planIdOf(customerOrderId, state.plans);
  const after = (minutes: number) => new Date(Date.parse(at) + minutes * 60_000).toISOString();
  switch (task.do) {
    case 'note': {
      const { out, later } = state.notes[0]!;
      return later ? ({ ...out, data: { ...out.data, [later.field]: after(later.minutes) } } as Out) : out;
    }
    case 'propose':
      return {
        type: 'ProposeAllocation',
        data: {
          planId: planIdOf(customerOrderId, state.plans + 1),
          customerOrderId,
          product: demand!.product,
          customer: demand!.customer,
          quantity: { amount: unallocated(state), unit: demand!.unit },
          due: demand!.due,
          ...(demand!.shipTo ? { shipTo: demand!.shipTo } : {}),
          ...(state.excluded.length > 0 ? { excluded: [...state.excluded] } : {}),
          ...(demand!.maxLegs ? { maxLegs: demand!.maxLegs } : {}),
        },
      };
    case 'accept':
      return { type: 'AcceptPlan', data: { planId } };
    case 'reject':
      return { type: 'RejectPlan', data: { planId, reason: reason || 'it is not carried out' } };
    case 'supersede':
      return { type: 'SupersedePlan', data: { planId, reason: reason || 'the order has changed meanwhile' } };
    case 'choose': {
      const legs = state.proposal!.legs.map(({ facilityId, capacityId, quantity, buckets, start, end }) => ({
        facilityId,
        capacityId,
        quantity,
        buckets: [...buckets],
        ...(start && isInstant(start) ? { start } : {}),
        ...(end && isInstant(end) ? { end } : {}),
      }));
      return { type: 'RecordPlanChosen', data: { customerOrderId, planId, legs } };
    }
    case 'ask': {
      const { id, kind, text } = state.question!;
      const options = Object.entries(OPTIONS[kind]).map(([option, effect]) => ({ option, effect }));
      const dueAt = after(DECIDE_WITHIN);
      const decisionId = decisionIdOf(customerOrderId, id);
      return {
        type: 'RequestDecision',
        data: { decisionId, about: customerOrderId, kind, severity: 'High', dueAt, options, evidence: text },
      };
    }
    case 'withdraw':
      return {
        type: 'WithdrawDecision',
        data: { decisionId: decisionIdOf(customerOrderId, state.withdrawn!), reason: reason || 'the order has changed meanwhile' },
      };
    case 'cancel':
      return { type: 'CancelCustomerOrder', data: { customerOrderId, reason: 'decided by a person' } };
    case 'end':
      return state.status === 'cancelling'
        ? { type: 'RecordCustomerOrderCancelled', data: { customerOrderId } }
        : { type: 'RecordCustomerOrderCompleted', data: { customerOrderId, ...(state.shortAccepted ? { short: true } : {}) } };
    default:
      return wordsForLeg(state, task, legOf(state, task.leg));
  }
}

function wordsForLeg(state: Fulfilment, task: Extract<Task, { leg: number }>, leg: Leg): Out {
  switch (task.do) {
    case 'step':
      return stepOf(task.step).do(state, leg);
    case 'undo':
      return stepOf(task.step).undo!(state, leg);
    case 'free':
      return { type: 'ReleaseReservation', data: { ...reservationOf(state, leg), reason: 'the work is over' } };
    case 'stop':
      return { type: 'StopWorkOrder', data: { workOrderId: idOf(state, leg), reason: state.reason } };
    case 'trim':
      return {
        type: 'AmendWorkOrder',
        data: { workOrderId: idOf(state, leg), quantity: { amount: leg.trimTo!, unit: state.demand!.unit }, reason: whyLess(state) },
      };
  }
}

const isInstant = (text: string): boolean => /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text);
