/** What follows from a state, whatever led to it. */
import { acceptsRest, change, type Fulfilment, isOpen, MOST_PLANS, newestFirst, note, surplus, unallocated, whyLess } from './state';
import { lastUndoable } from './steps';
import { compare, minus } from '#manufacturing/quantity';
import { counting, madeAnyway, nextQuestion, undoing, question, withoutQuestion } from './changes';

/** What follows at once: legs without a step left to undo, legs that are no longer wanted, and questions. */
export function settled(before: Fulfilment): Fulfilment {
  if (!before.demand || before.status === 'over') return before;
  let state = before;
  if (state.status === 'cancelling') state = cancelling(state);
  else state = reduced(state);
  for (const leg of state.legs)
    if (leg.goal === 'undo' && !leg.undone && lastUndoable(leg) === undefined)
      state = note(change(state, leg.leg, { undone: true, done: [] }), {
        type: 'RecordCustomerLegUndone',
        data: { customerOrderId: state.customerOrderId, leg: leg.leg, why: leg.why || 'it is not wanted' },
      });
  return askIfShort(askIfMadeAnyway(nextQuestion(state)));
}

function cancelling(before: Fulfilment): Fulfilment {
  let state = before;
  for (const leg of state.legs) {
    if (madeAnyway(leg)) state = counting(state, leg);
    if (isOpen(leg) && !leg.started) state = undoing(state, leg, state.reason);
    if (isOpen(leg) && leg.started && state.running === 'Stop' && leg.stop === 'no') state = change(state, leg.leg, { stop: 'wanted' });
  }
  const running = state.legs.filter((leg) => isOpen(leg) && leg.started);
  if (running.length === 0) return withoutQuestion(state, 'Running');
  if (state.running !== 'Ask' || state.question) return state;
  const plants = running.map(({ facilityId }) => facilityId).join(', ');
  return question(state, 'Running', `The order is cancelled, but work runs at ${plants}.`);
}

/** Less is wanted than the legs make: those that have not started go, newest first; then one that runs becomes smaller. */
function reduced(before: Fulfilment): Fulfilment {
  let state = before;
  for (const leg of newestFirst(state.legs)) {
    if (compare(surplus(state), '0') === 0) return state;
    if (isOpen(leg) && leg.goal === 'make' && !leg.started) state = undoing(state, leg, whyLess(state));
  }
  for (const leg of newestFirst(state.legs)) {
    const left = minus(leg.quantity, surplus(state));
    if (compare(surplus(state), '0') === 0) return state;
    if (isOpen(leg) && leg.started && leg.trimTo === undefined && !leg.untrimmable && compare(left, '0') > 0)
      state = change(state, leg.leg, { trimTo: left });
  }
  return state;
}

/** Two plants may have made the same quantity: a person says what becomes of it. */
function askIfMadeAnyway(before: Fulfilment): Fulfilment {
  let state = before;
  if (state.status !== 'open') return state;
  for (const leg of state.legs) {
    const isAsked = [state.question, ...(state.later ?? [])].some((asked) => asked?.kind === 'MadeAnyway' && asked.leg === leg.leg);
    if (!madeAnyway(leg) || isAsked || compare(leg.late!.good, leg.lateAsked ?? '0') <= 0) continue;
    const text = `${leg.facilityId} made ${leg.late!.good} of leg ${leg.leg}, which was taken back. What it reports until the answer is meant, too.`;
    state = question(state, 'MadeAnyway', text, leg.leg);
  }
  return state;
}

/** Asks a person when something is missing and so many plans were made, or all legs are over. */
function askIfShort(state: Fulfilment): Fulfilment {
  if (state.status !== 'open' || state.question || state.cancel !== 'no' || acceptsRest(state) || state.planning !== 'idle') return state;
  const rest = unallocated(state);
  if (compare(rest, '0') === 0 || state.legs.some((leg) => leg.goal === 'undo' && !leg.undone && leg.waits !== 'person')) return state;
  const { unit, partial } = state.demand!;
  if (compare(rest, state.unplaceable) > 0)
    return state.replans < MOST_PLANS ? state : question(state, 'Short', `${rest} ${unit} are missing after ${state.replans} plans.`);
  if (state.legs.some(isOpen)) return state;
  const some = state.legs.some(({ made: result }) => compare(result?.good ?? '0', '0') > 0);
  if ((partial === 'Accept' || state.partAccepted) && some) return { ...state, shortAccepted: true, shortBy: rest };
  return question(state, 'Short', `All plants are done; ${rest} ${unit} are missing.`);
}
