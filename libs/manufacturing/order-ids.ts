/**
 * Ids of what belongs to a customer order. The order is of any registered facility, e.g. an enterprise; its legs and transfers are of plants, so
 * their ids carry the order's: for leg 2 of `corp.CO-1` at the plant lyon, `lyon.L2_corp_CO-1`. A scope has no `_`: they are read back exactly.
 */
import { QUALIFIED_ID } from '#kernel/identity';

/** Longest id of a customer order: the ids that are built from it must be ids, too. */
export const MAX_CUSTOMER_ORDER_ID = 56;

const OF_PLANT = /^([a-z][a-z0-9]*)\.([LT])([1-9]\d{0,3})(?:-([2-9]))?_([a-z][a-z0-9]*)_(.+)$/;

const atPlant = (kind: 'L' | 'T', plant: string, customerOrderId: string, n: number | string): string =>
  `${plant}.${kind}${n}_${customerOrderId.replace('.', '_')}`;

/** What the id of a leg or a transfer says. */
export type OfOrder = Readonly<{ plant: string; n: number; customerOrderId: string }>;
/** A leg may be shipped again after its transfer was cancelled, or came back. */
export type OfTransfer = OfOrder & Readonly<{ attempt: number }>;
/** Largest number of transfers of a leg. */
export const MOST_TRANSFERS = 9;

const readAtPlant = (kind: 'L' | 'T', id: string): OfTransfer | undefined => {
  const [, plant, found, n, attempt = '1', scope, local] = OF_PLANT.exec(id) ?? [];
  if (found !== kind) return undefined;
  const customerOrderId = `${scope}.${local}`;
  if (!QUALIFIED_ID.test(id) || !QUALIFIED_ID.test(customerOrderId)) return undefined;
  return { plant: plant!, n: Number(n), attempt: Number(attempt), customerOrderId };
};

/** Production order and work order of a leg; legs are numbered through all plans of an order. */
export const legIdOf = (customerOrderId: string, n: number, plant: string): string => atPlant('L', plant, customerOrderId, n);
/** The leg that an id names; undefined for any other id. */
export const readLegId = (id: string): OfOrder | undefined => {
  const read = readAtPlant('L', id);
  if (!read || read.attempt > 1) return undefined;
  const { attempt: _, ...leg } = read;
  return leg;
};

/** The transfer of what a leg made, from its plant: `lyon.T2_corp_CO-1`, and the second one `lyon.T2-2_corp_CO-1`. */
export const transferIdOf = (customerOrderId: string, n: number, plant: string, attempt = 1): string =>
  atPlant('T', plant, customerOrderId, attempt === 1 ? `${n}` : `${n}-${attempt}`);
/** The transfer that an id names; undefined for any other id. */
export const readTransferId = (id: string): OfTransfer | undefined => readAtPlant('T', id);

/** The nth allocation plan of an order. */
export const planIdOf = (customerOrderId: string, n: number): string => `${customerOrderId}-P${n}`;

/** A decision about a customer order, in the order's own scope. */
export const decisionIdOf = (customerOrderId: string, code: string): string => `${customerOrderId}-${code}`;
/** The order that a decision is about; undefined for any other id. */
export const readDecisionId = (id: string): Readonly<{ customerOrderId: string; code: string }> | undefined => {
  const [, customerOrderId, code] = /^(.+)-(D[1-9]\d{0,3})$/.exec(id) ?? [];
  return customerOrderId && QUALIFIED_ID.test(customerOrderId) ? { customerOrderId, code: code! } : undefined;
};
