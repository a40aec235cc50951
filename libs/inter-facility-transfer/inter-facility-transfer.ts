import type { Context, Decider, Regard } from '#kernel/decider';
import { streamOf } from '#kernel/identity';
import { inUtc } from '#kernel/instant';
import { Rejected } from '#kernel/rejected';
import { facilityOf } from '#manufacturing/facility';
import { holdsAt, standing } from '#manufacturing/holds';
import type { LotTold } from '#material-lot/material-lot.events';
import { compare, convert, isPositive, minus, plus, type Quantity } from '#manufacturing/quantity';
import { checking, ofPlants, type Reference, regardsFacilities, regardsOf, rejectUnknownFacilities } from '#manufacturing/references';
import {
  arrived,
  bookOf,
  cameBack,
  isClosed,
  lost,
  partsInTransit,
  rejectAmount,
  rejectRepeated,
  totalsOf,
  withItems,
} from '#manufacturing/shipment';
import { atReceiver } from '#manufacturing/transfer-ids';
import type * as commands from './inter-facility-transfer.commands';
import type { InterFacilityTransferEvent, ItemBooks, ShippedItem, TransferItem } from './inter-facility-transfer.events';
import { evolve, fromFacilityOf, inState, itemOf, known, type KnownTransfer, lossKey, of, type Transfer } from './transfer-state';

type Rules = Decider<typeof commands, Transfer, InterFacilityTransferEvent>;
type Events = readonly InterFacilityTransferEvent[];

/** Ancestors that go with a shipped item; the genealogy has all. */
const MOST_ANCESTORS = 200;

const materialsIn = ({ items }: commands.PlanTransfer): Reference[] =>
  items.map(({ materialId }) => ({ kind: 'Material', id: materialId }));
const lotStream = (lotId: string): string => streamOf('material-lot', lotId);

const rules: Rules = {
  category: 'inter-facility-transfer',
  initial: { status: 'unknown' },
  id: ({ transferId }) => transferId,
  evolve,
  regards,
  exceptions: ['TransferOverReceived'],
  decide: {
    PlanTransfer: plan,
    PickTransfer: ({ items }, state, { occurredAt }) => {
      const transfer = known(state);
      const picked = items ? tidied(transfer.transferId, items) : transfer.planned;
      if ((transfer.status === 'picking' || transfer.status === 'picked') && same(transfer.items, picked)) return [];
      inState(transfer, 'planned');
      rejectBeyondPlan(transfer, picked);
      const booking = picked.some(({ lotId }) => lotId !== undefined);
      return [{ type: 'TransferPicked', data: { ...of(transfer), pick: transfer.pick + 1, items: picked, booking, pickedAt: occurredAt } }];
    },
    RecordLotsBooked: ({ pick }, state, { occurredAt }) => {
      const transfer = known(state);
      return transfer.status === 'picking' && transfer.pick === pick
        ? [{ type: 'TransferLotsBooked', data: { ...of(transfer), pick, bookedAt: occurredAt } }]
        : [];
    },
    UndoPick: ({ pick, reason }, state, { occurredAt }) => {
      const transfer = known(state);
      return transfer.status === 'picking' && transfer.pick === pick
        ? [{ type: 'TransferPickUndone', data: { ...of(transfer), pick, reason, undoneAt: occurredAt } }]
        : [];
    },
    ShipTransfer: ship,
    ReportDelay: ({ eta, reason }, state, { occurredAt }) => {
      const transfer = inState(state, 'shipped');
      const expected = inUtc(eta);
      if (transfer.eta === expected) return [];
      return [
        { type: 'TransferDelayed', data: { ...of(transfer), fromEta: transfer.eta!, eta: expected, reason, reportedAt: occurredAt } },
      ];
    },
    RecordTransferReceipt: receive,
    ReportLoss: ({ lossId: given, items, reason }, state, { occurredAt, commandId }) => {
      const lossId = given ?? commandId;
      if (known(state).booked.includes(lossKey({ lossId }))) return [];
      const transfer = inState(state, 'shipped');
      return lose(transfer, { lossId }, partsInTransit(transfer.books, items), reason, occurredAt);
    },
    RecordTransferLoss: ({ lossId, items, reason }, state, { occurredAt }) => {
      const transfer = inState(state, 'shipped', 'closed');
      const declared = { lossId, declaredBy: transfer.toFacilityId };
      if (transfer.booked.includes(lossKey(declared))) return [];
      rejectRepeated(items.map(({ item }) => item));
      return lose(transfer, declared, items, reason, occurredAt);
    },
    RecordTransferRefusal: ({ refusalId, reason }, state, { occurredAt }) => {
      const transfer = inState(state, 'shipped', 'closed');
      if (transfer.booked.includes(`refusal/${refusalId}`)) return [];
      return [{ type: 'TransferRefused', data: { ...of(transfer), refusalId, reason, refusedAt: occurredAt } }];
    },
    ReturnTransfer: ({ returnId: given, items, reason }, state, { occurredAt, commandId }) => {
      const returnId = given ?? commandId;
      if (known(state).booked.includes(`return/${returnId}`)) return [];
      const transfer = inState(state, 'shipped');
      const parts = partsInTransit(transfer.books, items);
      const books = parts.map(({ before, amount }) => ({ ...before, ...cameBack(before, amount) }));
      const back = parts.map(({ item, amount, before: { lotId, unit } }) => ({
        item,
        ...(lotId ? { lotId } : {}),
        quantity: { amount, unit },
      }));
      const data = { ...of(transfer), returnId, back, items: books, reason, returnedAt: occurredAt };
      return closing(transfer, books, [{ type: 'TransferReturned', data }], occurredAt);
    },
    CancelTransfer: ({ reason }, state, { occurredAt }) => {
      const transfer = known(state);
      if (transfer.status === 'cancelled') return [];
      inState(transfer, 'planned', 'picking', 'picked');
      return [{ type: 'TransferCancelled', data: { ...of(transfer), reason, cancelledAt: occurredAt } }];
    },
  },
};

/** Material on its way from one plant to another, as the plant that ships it sees it. The other plant has a stream of its own (inbound-transfer). */
export const interFacilityTransfer: Rules = ofPlants({
  ...rules,
  decide: checking(rules.decide, { facility: ({ transferId }) => facilityOf(transferId), references: { PlanTransfer: materialsIn } }),
});

function regards(name: string, command: Readonly<Record<string, unknown>>, state: Transfer): readonly Regard[] {
  if (name === 'PlanTransfer') {
    const { transferId, toFacilityId } = command as unknown as commands.PlanTransfer;
    return [
      ...regardsOf(facilityOf(transferId), materialsIn(command as unknown as commands.PlanTransfer)),
      ...regardsFacilities(toFacilityId),
    ];
  }
  if (name !== 'ShipTransfer' || state.status === 'unknown') return [];
  return state.items.flatMap(({ lotId }) => (lotId ? [{ stream: lotStream(lotId), now: true as const }] : []));
}

function plan(
  { transferId, toFacilityId, items: asked, customerOrderId }: commands.PlanTransfer,
  state: Transfer,
  context: Context,
): Events {
  const items = tidied(transferId, asked);
  if (state.status !== 'unknown') {
    if (state.toFacilityId === toFacilityId && state.customerOrderId === customerOrderId && same(state.planned, items)) return [];
    throw new Rejected('transfer-exists', `${transferId} is already planned otherwise. Choose another id.`, { transferId });
  }
  const fromFacilityId = facilityOf(transferId);
  if (fromFacilityId === toFacilityId)
    throw new Rejected('transfer-to-itself', `\`toFacilityId\` must be another facility, was ${toFacilityId}. Move the lot instead.`, {
      toFacilityId,
    });
  const names = [transferId, ...items.flatMap(({ lotId }) => lotId ?? [])];
  const tooLong = names.find((id) => atReceiver(id, toFacilityId) === undefined);
  if (tooLong !== undefined)
    throw new Rejected('id-too-long', `${tooLong} is too long: the id at the plant that receives is made from it. Choose a shorter one.`, {
      id: tooLong,
    });
  rejectUnknownFacilities(context, toFacilityId);
  const order = customerOrderId === undefined ? {} : { customerOrderId };
  return [{ type: 'TransferPlanned', data: { transferId, toFacilityId, fromFacilityId, items, ...order, plannedAt: context.occurredAt } }];
}

function ship({ carrier, eta }: commands.ShipTransfer, state: Transfer, context: Context): Events {
  const { occurredAt } = context;
  const transfer = inState(state, 'planned', 'picked');
  if (transfer.status === 'planned' && transfer.items.some(({ lotId }) => lotId !== undefined))
    throw new Rejected('transfer-not-picked', 'Lots have to be picked before they are shipped. Pick the transfer first.', {});
  const expected = inUtc(eta);
  if (expected < occurredAt)
    throw new Rejected('eta-before-shipping', `\`eta\` must not be before it is shipped at ${occurredAt}, was ${expected}.`, {
      eta: expected,
    });
  const items = transfer.items.map((item) => shippedItem(item, context));
  const order = transfer.customerOrderId === undefined ? {} : { customerOrderId: transfer.customerOrderId };
  const named = carrier === undefined ? {} : { carrier };
  const data = {
    ...of(transfer),
    fromFacilityId: fromFacilityOf(transfer),
    items,
    ...order,
    ...named,
    eta: expected,
    shippedAt: occurredAt,
  };
  return [{ type: 'TransferShipped', data }];
}

/** An item with what its lot hands on. @throws Rejected lot-held, lot-expired (I5) */
function shippedItem(item: TransferItem, { regarded, occurredAt: at, now }: Context): ShippedItem {
  const { lotId } = item;
  const lot = lotId === undefined ? undefined : (regarded?.[lotStream(lotId)] as LotTold | null);
  if (lotId === undefined || !lot) return item;
  const { expiresAt, ancestors } = lot;
  // What is shipped now must be on no hold, whatever the clock of who placed or released it.
  const holds = at === now ? standing(lot.holds) : holdsAt(lot.holds, at);
  if (holds.length > 0)
    throw new Rejected(
      'lot-held',
      `${lotId} ${at === now ? 'is on hold' : `was on hold at ${at}`} (${holds.join(', ')}). Release every hold, or cancel the transfer.`,
      { lotId, holds },
    );
  if (expiresAt !== null && expiresAt <= at)
    throw new Rejected('lot-expired', `${lotId} expired at ${expiresAt}. Cancel the transfer.`, { lotId, expiresAt });
  const passedOn = [...ancestors.slice(1 - MOST_ANCESTORS), lotId];
  return { ...item, ...(expiresAt === null ? {} : { expiresAt }), ancestors: passedOn };
}

function receive({ receiptId, items, complete }: commands.RecordTransferReceipt, state: Transfer, { occurredAt }: Context): Events {
  const transfer = inState(state, 'shipped', 'closed');
  if (transfer.booked.includes(`receipt/${receiptId}`)) return [];
  rejectRepeated(items.map(({ item }) => item));
  const said = items.map(({ item, received, damaged }) => ({ item, received, damaged }));
  let books = transfer.books;
  for (const { item, received, damaged } of said) {
    const before = bookOf(books, item);
    books = withItems(books, [{ ...before, ...arrived(before, received, damaged, complete) }]);
  }
  const changed = books.filter(({ item }) => said.some((each) => each.item === item));
  const data = { ...of(transfer), receiptId, arrived: said, items: changed, receivedAt: occurredAt };
  const more = changed.flatMap((after): InterFacilityTransferEvent[] => {
    const over = minus(after.over, bookOf(transfer.books, after.item).over);
    return isPositive(over)
      ? [{ type: 'TransferOverReceived', data: { ...of(transfer), receiptId, item: after.item, over, receivedAt: occurredAt } }]
      : [];
  });
  return closing(transfer, changed, [{ type: 'TransferReceived', data }, ...more], occurredAt);
}

/** The events, and the end of the transfer where nothing is in transit after them. */
function closing(transfer: KnownTransfer, changed: readonly ItemBooks[], events: Events, closedAt: string): Events {
  const items = withItems(transfer.books, changed);
  if (!isClosed(items)) return events;
  const order = transfer.customerOrderId === undefined ? {} : { customerOrderId: transfer.customerOrderId };
  return [...events, { type: 'TransferClosed', data: { ...of(transfer), ...totalsOf(items), items, ...order, closedAt } }];
}

type Named = Readonly<{ item: string; amount: string }>;
/** The event of a loss, with the books after it; the transfer may end with it. */
function lose(
  transfer: KnownTransfer,
  declared: Readonly<{ lossId: string; declaredBy?: string }>,
  amounts: readonly Named[],
  reason: string,
  reportedAt: string,
): Events {
  const items = amounts.map(({ item, amount }) => {
    const before = bookOf(transfer.books, item);
    return { ...before, ...lost(before, amount) };
  });
  const named = amounts.map(({ item, amount }) => ({ item, amount }));
  const data = { ...of(transfer), ...declared, amounts: named, items, reason, reportedAt };
  return closing(transfer, items, [{ type: 'TransferLost', data }], reportedAt);
}

/** The items of a command, checked. @throws Rejected wrong-facility, item-repeated, quantity-not-positive, fraction-of-a-piece */
function tidied(transferId: string, asked: readonly TransferItem[]): TransferItem[] {
  rejectRepeated(asked.map(itemOf));
  return asked.map(({ materialId, quantity, lotId }) => {
    rejectAmount(quantity);
    if (lotId !== undefined && facilityOf(lotId) !== facilityOf(transferId))
      throw new Rejected('wrong-facility', `${lotId} is in another facility than ${transferId}. Name a lot of the plant that ships.`, {
        lotId,
        transferId,
      });
    const { amount, unit } = quantity;
    return { materialId, quantity: { amount, unit }, ...(lotId === undefined ? {} : { lotId }) };
  });
}

const same = (a: readonly TransferItem[], b: readonly TransferItem[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @throws Rejected item-not-planned, unit-incompatible, pick-exceeds-plan */
function rejectBeyondPlan({ planned }: KnownTransfer, picked: readonly TransferItem[]): void {
  for (const material of new Set(picked.map(({ materialId }) => materialId))) {
    const ordered = planned.filter(({ materialId }) => materialId === material);
    const unit = ordered[0]?.quantity.unit;
    if (unit === undefined)
      throw new Rejected('item-not-planned', `The transfer has no ${material}. Pick what is planned.`, { materialId: material });
    const most = totalIn(ordered, unit);
    const total = totalIn(
      picked.filter(({ materialId }) => materialId === material),
      unit,
    );
    if (compare(total, most) > 0)
      throw new Rejected('pick-exceeds-plan', `At most ${most} ${unit} of ${material} are planned, not ${total} ${unit}.`, {
        materialId: material,
        planned: most,
        picked: total,
      });
  }
}

/** @throws Rejected unit-incompatible */
function totalIn(items: readonly TransferItem[], unit: Quantity['unit']): string {
  return items.reduce((total, { quantity, materialId }) => {
    const amount = convert(quantity, unit);
    if (amount === undefined)
      throw new Rejected('unit-incompatible', `${quantity.unit} cannot be converted exactly to ${unit}. Send ${materialId} in ${unit}.`, {
        materialId,
        unit,
      });
    return plus(total, amount);
  }, '0');
}
