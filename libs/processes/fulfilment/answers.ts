/** What the answer to a task changes. */
import type { LegStep } from '#customer-order/customer-order.events';
import type { CommandRefused } from '#kernel/process';
import { decisionIdOf } from '#manufacturing/order-ids';
import { begun, givenUp, legTimer, notShipped, ORDER_TIMER, question, startTimer, undone, unplanned, withoutTrim } from './changes';
import { DECIDE_WITHIN, OPTIONS, type Question } from './questions';
import { change, type Fulfilment, type Leg, legOf, note, unallocated } from './state';
import { backoff, stepOf, UNDO_ATTEMPTS } from './steps';

/** Between plan and reservation somebody else reserved, or the reservation ended before it was confirmed: the plant has not said no. */
const CAPACITY_GONE: readonly string[] = ['capacity-exceeded', 'reservation-unknown'];

type Refusal = CommandRefused['data'];

export function accepted(state: Fulfilment, task: Fulfilment['doing']): Fulfilment {
  switch (task?.do) {
    case 'note':
      return { ...state, notes: state.notes.slice(1) };
    case 'propose':
      return { ...state, planning: 'asked', plans: state.plans + 1, replans: state.replans + 1 };
    case 'accept':
      return { ...state, planning: 'accepted' };
    case 'choose':
      return unplanned({ ...state, planning: 'chosen' });
    case 'reject':
    case 'supersede':
      return unplanned({ ...state, planning: 'idle' });
    case 'ask': {
      const asked: Question = { ...state.question!, asked: true };
      const { customerOrderId } = state;
      const data = {
        customerOrderId,
        decisionId: decisionIdOf(customerOrderId, asked.id),
        question: asked.text,
        options: Object.keys(OPTIONS[asked.kind]),
        dueAt: '',
      };
      return note({ ...state, question: asked }, { type: 'RecordDecisionAwaited', data }, { field: 'dueAt', minutes: DECIDE_WITHIN });
    }
    case 'withdraw': {
      const { withdrawn, ...rest } = state;
      const decisionId = decisionIdOf(state.customerOrderId, withdrawn!);
      return note(rest, { type: 'RecordDecisionTaken', data: { customerOrderId: state.customerOrderId, decisionId, option: 'Withdrawn' } });
    }
    case 'cancel':
      // Its event is about to be heard.
      return { ...state, cancel: 'asked' };
    case 'end':
      return { ...state, status: 'over' };
    case 'step': {
      const leg = legOf(state, task.leg);
      if (task.step === 'Ship') return change(state, task.leg, { transfer: 'planned', refusals: 0, done: [...leg.done, 'Ship'] });
      const timers = task.step === 'Confirm' && leg.end && !leg.started ? [{ name: startTimer(task.leg), at: leg.end }] : [];
      return recorded({ ...change(state, task.leg, { done: [...leg.done, task.step], refusals: 0 }), timers }, leg, task.step);
    }
    case 'undo':
      return undone(state, task.leg, task.step, true);
    case 'trim': {
      const leg = legOf(state, task.leg);
      const quantity = leg.trimTo!;
      return note(change(withoutTrim(state, leg), task.leg, { quantity }), {
        type: 'RecordCustomerLegReduced',
        data: { customerOrderId: state.customerOrderId, leg: task.leg, quantity },
      });
    }
    case 'stop':
      return change(state, task.leg, { stop: 'asked' });
    case 'free':
      return change(state, task.leg, { freed: true, refusals: 0 });
    case undefined:
      return state;
  }
}

export function refused(state: Fulfilment, task: Fulfilment['doing'], refusal: Refusal): Fulfilment {
  switch (task?.do) {
    // A refused note is dropped: the order has moved on.
    case 'note':
    case 'reject':
    case 'supersede':
      return accepted(state, task);
    case 'withdraw': {
      // Somebody has decided meanwhile; that is about to be heard.
      const { withdrawn: _, ...rest } = state;
      return rest;
    }
    case 'propose':
      return question({ ...state, unplaceable: unallocated(state) }, 'Nothing', `No plan can be made. ${refusal.message}`.slice(0, 500));
    case 'accept':
      // Somebody rejected it, or what it was made from has changed: another one is made.
      return unplanned({ ...state, planning: 'idle' });
    case 'choose':
      return { ...state, verdict: 'supersede' };
    case 'ask':
      return { ...state, waits: true, timers: [{ name: ORDER_TIMER, minutes: 5 }] };
    case 'cancel':
      return { ...state, cancel: 'no' };
    case 'end':
      return { ...state, endRefused: true };
    case 'trim':
      // What is made beyond the order is stock.
      return change(withoutTrim(state, legOf(state, task.leg)), task.leg, { untrimmable: true });
    case 'stop':
      return change(state, task.leg, { stop: 'asked' });
    case 'free':
      return again(state, legOf(state, task.leg), 'Reserve', refusal);
    case 'undo': {
      const leg = legOf(state, task.leg);
      if (!stepOf(task.step).pivot?.includes(refusal.code)) return again(state, leg, task.step, refusal);
      return task.step === 'Ship' ? change(state, task.leg, { transfer: 'shipped', outdated: false }) : begun(state, leg);
    }
    case 'step':
      return notDone(state, legOf(state, task.leg), task.step, refusal);
    case undefined:
      return state;
  }
}

/** An undo that was refused is tried again later, and in the end a person has to act. */
function again(state: Fulfilment, leg: Leg, step: LegStep, { code, message }: Refusal): Fulfilment {
  const refusals = leg.refusals + 1;
  const blocked = refusals >= UNDO_ATTEMPTS;
  const data = { customerOrderId: state.customerOrderId, leg: leg.leg, step, undo: true, attempt: refusals, code, message, blocked };
  const waiting = change(state, leg.leg, { refusals, waits: blocked ? 'person' : 'timer' });
  const minutes = backoff(refusals);
  if (blocked) return note(waiting, { type: 'RecordCustomerLegRefusal', data });
  const timed = { ...waiting, timers: [{ name: legTimer(leg.leg), minutes }] };
  return note(timed, { type: 'RecordCustomerLegRefusal', data }, { field: 'againAt', minutes });
}

function notDone(state: Fulfilment, leg: Leg, step: LegStep, { code, message }: Refusal): Fulfilment {
  const refusals = leg.refusals + 1;
  const data = { customerOrderId: state.customerOrderId, leg: leg.leg, step, undo: false, attempt: refusals, code, message };
  const told = note(change(state, leg.leg, { refusals }), { type: 'RecordCustomerLegRefusal', data });
  if (refusals < stepOf(step).attempts) {
    const minutes = backoff(refusals);
    return { ...change(told, leg.leg, { waits: 'timer' }), timers: [{ name: legTimer(leg.leg), minutes }] };
  }
  // Nothing undoes a leg that has started.
  if (leg.started && step !== 'Ship') return change(told, leg.leg, { refusals: 0, done: [...leg.done, step] });
  const why = `${leg.facilityId} refused ${step}: ${code}`;
  return step === 'Ship'
    ? question(notShipped(told, leg), 'Shipment', why, leg.leg)
    : givenUp(told, leg, why, CAPACITY_GONE.includes(code));
}

const recorded = (state: Fulfilment, { leg, refusals }: Leg, step: LegStep): Fulfilment =>
  note(state, { type: 'RecordCustomerLegStep', data: { customerOrderId: state.customerOrderId, leg, step, attempt: refusals + 1 } });
