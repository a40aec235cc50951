/** Floor times of the states of an order: what follows a state is not before it. */
import type { Context } from '#kernel/decider';
import { notBefore, type Since } from '#manufacturing/clocks';
import type { ReleasedOrder } from './job-states';
import type { Operation } from './operations';

export const later = (a: string | undefined, b: string): string => (a !== undefined && Date.parse(a) > Date.parse(b) ? a : b);

/** The state of an order on the floor; none before its start, since an order may be released after work on it began. */
const stateOf = ({ since: at, status }: ReleasedOrder): Since[] =>
  at === undefined ? [] : [{ at, what: `the state ${status} of the order began` }];
const stepOf = ({ since: at, phase, operationId }: Operation): Since[] =>
  at === undefined ? [] : [{ at, what: `operation ${operationId} was ${phase === 'Completed' ? 'completed' : 'started'}` }];

/** The floor time of what changes the state of an order. */
export const timeInState = (order: ReleasedOrder, context: Context): string => timeAfter(stateOf(order), context);

/** The floor time of the end of an order: not before that of its operations. */
export const timeOfEnd = (order: ReleasedOrder, context: Context): string =>
  timeAfter([...stateOf(order), ...order.operations.flatMap(stepOf)], context);

/** The floor time of the end of an operation. */
export const timeInOperation = (operation: Operation, context: Context): string => timeAfter(stepOf(operation), context);

/** The floor time of the start of a further operation, which an interruption since the order's start does not make too early. */
export const timeSinceStart = ({ startedAt }: ReleasedOrder, context: Context): string =>
  timeAfter(startedAt === undefined ? [] : [{ at: startedAt, what: 'the order was started' }], context);

/** The command's time, not before the latest of these. @throws Rejected earlier-than-known-state */
function timeAfter(known: readonly Since[], context: Context): string {
  const last = known.reduce<Since | undefined>(
    (latest, each) => (latest && later(latest.at, each.at) === latest.at ? latest : each),
    undefined,
  );
  return last ? notBefore(last, context) : context.occurredAt;
}
