/**
 * What follows from a plan. It is carried out if it places everything, or if the customer takes a part; otherwise a person is asked.
 */
import type { AllocationProposed } from '#allocation-plan/allocation-plan.events';
import { planIdOf } from '#manufacturing/order-ids';
import { compare, minus } from '#manufacturing/quantity';
import { question } from './changes';
import { awaitsBatch, type Fulfilment, since, unallocated } from './state';

/** The plan that was asked for, or the first one of an order that waits for a batch. */
export function proposed(state: Fulfilment, proposal: AllocationProposed['data']): Fulfilment {
  if (proposal.customerOrderId !== state.customerOrderId) return state;
  if (state.planning === 'asked') return evaluated({ ...state, planning: 'proposed', proposal });
  if (!awaitsBatch(state) || state.status !== 'open' || proposal.planId !== planIdOf(state.customerOrderId, 1)) return state;
  const { product, quantity, due } = proposal.inputs.order;
  const { demand } = state;
  const same = product === demand!.product && compare(quantity, demand!.quantity) === 0 && Date.parse(due) === Date.parse(demand!.due);
  const first: Fulfilment = { ...state, planning: 'proposed', plans: 1, replans: 1, proposal };
  // The customer has changed the order meanwhile: it is planned by itself.
  return same ? evaluated(first) : { ...first, verdict: 'reject' };
}

/** What stays unallocated if the proposal is carried out. */
export const remainder = (state: Fulfilment): string =>
  state.proposal!.legs.reduce((rest, { quantity }) => minus(rest, quantity), unallocated(state));

/** Evaluates a proposal: it is carried out where it places everything, or the customer takes a part. */
function evaluated(state: Fulfilment): Fulfilment {
  if (state.status !== 'open') return { ...state, verdict: 'reject' };
  const { legs, unallocated: rest } = state.proposal!;
  const left = rest.map(({ quantity, reason }) => `${quantity}: ${reason}`).join('; ');
  const missing = compare(remainder(state), '0') > 0;
  if (legs.length === 0) return question({ ...state, verdict: 'reject' }, 'Nothing', `No plant can make it. ${left}`.slice(0, 500));
  if (!missing || state.demand!.partial === 'Accept') return { ...state, verdict: 'accept', unplaceable: missing ? remainder(state) : '0' };
  if (state.demand!.partial === 'AllOrNothing' && since(4, state))
    return question(
      { ...state, verdict: 'reject' },
      'Nothing',
      `Not everything can be placed, and all or nothing is wanted. ${left}`.slice(0, 500),
    );
  return question(state, 'Partial', `Not everything can be placed. ${left}`.slice(0, 500));
}
