import { alike, inUtc } from '#kernel/instant';
import { AMOUNT, compare, isPositive } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { atHome } from './machines';
import { whole } from './reporting';
import type * as commands from './work-order.commands';
import type { PlannedOperation, Terms } from './work-order.events';

/** The operations of an order as planned. */
export const plan = (operations: commands.ReleaseWorkOrder['operations']): PlannedOperation[] =>
  operations.map(({ operationId, name, sequence, equipmentClass, equipmentId, idealCycleSeconds, overlapAllowed }) => ({
    operationId,
    name,
    sequence,
    ...(equipmentClass ? { equipmentClass } : {}),
    ...(equipmentId ? { equipmentId } : {}),
    ...(idealCycleSeconds ? { idealCycleSeconds } : {}),
    overlapAllowed: overlapAllowed ?? false,
  }));

/** The optional terms of an order. */
export const optional = ({ plannedStart, plannedEnd, directiveId, directiveVersion }: commands.UpdateWorkOrder) => ({
  ...(plannedStart ? { plannedStart: inUtc(plannedStart) } : {}),
  ...(plannedEnd ? { plannedEnd: inUtc(plannedEnd) } : {}),
  ...(directiveId ? { directiveId } : {}),
  ...(directiveVersion ? { directiveVersion } : {}),
});

/** The terms, unchanged, if they are valid. @throws Rejected */
export function checked(terms: Terms, workOrderId: string): Terms {
  const { quantity, unit, underPercent, operations, plannedStart, plannedEnd } = terms;
  if (!AMOUNT.test(quantity) || !isPositive(quantity))
    throw new Rejected('quantity-not-positive', `\`quantity\` must be above 0, was ${quantity}.`, { quantity });
  whole(quantity, unit);
  if (compare(underPercent, '100') >= 0)
    throw new Rejected('tolerance-too-wide', `\`underPercent\` must be below 100, was ${underPercent}.`, { underPercent });
  if (operations.length === 0) throw new Rejected('operations-missing', '`operations` must have at least one entry.');
  for (const key of ['operationId', 'sequence'] as const) {
    if (new Set(operations.map((operation) => operation[key])).size < operations.length) {
      throw new Rejected('operations-ambiguous', `Each \`${key}\` must occur once among the operations.`);
    }
  }
  for (const { equipmentId } of operations) if (equipmentId) atHome(equipmentId, { workOrderId });
  if (plannedStart && plannedEnd && Date.parse(plannedEnd) < Date.parse(plannedStart)) {
    throw new Rejected('end-before-start', `\`plannedEnd\` must not be before \`plannedStart\`, was ${plannedEnd}.`, {
      plannedStart,
      plannedEnd,
    });
  }
  return terms;
}

/** True when both are equal, in any order of keys. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : value !== null && typeof value === 'object'
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
        )
      : alike(value);
