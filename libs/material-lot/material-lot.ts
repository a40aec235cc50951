import type { Decider } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { compare, isPositive, isZero, minus, plus } from '#manufacturing/quantity';
import { notBefore } from '#manufacturing/clocks';
import { facilityOf } from '#manufacturing/facility';
import { isPassedOn } from '#manufacturing/hold-ids';
import { checking, ofPlants } from '#manufacturing/references';
import { Rejected } from '#kernel/rejected';
import { earlier, evolve, type Known, type MaterialLot, receiptOf, reserved, toldOf } from './lot';
import type * as commands from './material-lot.commands';
import type { MaterialLotEvent } from './material-lot.events';
import { withFindings } from './late-facts';
import { leastFrom, onHandAt } from './movements';
import { references, regards } from './references';
import {
  amountIn,
  checkAmount,
  checkFacility,
  doneAt,
  idTaken,
  inStock,
  inUnit,
  isBooked,
  known,
  outsideOrder,
  rejectMoreThanFree,
  rejectMoreThanWasThere,
  rejectOver,
  rejectUnusable,
  utc,
} from './stock';
import { splitsAndMerges } from './split-merge';
import { observeCount } from './stock-count';
import { transferBookings } from './transfer-bookings';

type Rules = Decider<typeof commands, MaterialLot, MaterialLotEvent>;

/**
 * A lot of material and its books: stock, reservations and movements. One lot is one stream, and each rule is decided on one
 * stream. A split or a merge concerns two: the source lot decides first, and its event holds all that the other one needs; a process
 * then applies it there, or undoes it if the other lot refuses (docs/decisions/0004).
 */
const rules: Rules = {
  category: 'material-lot',
  initial: { status: 'unknown', counts: {} },
  id: (command) => command.lotId,
  observed: ['ObserveStockCount'],
  exceptions: ['StockDiscrepancyObserved', 'StockDiscrepanciesRevised', 'UseWhileBlockedDetected', 'BookingOutsideOrderDetected'],
  // A command without a time may have been moved to that of a sender whose clock was ahead.
  happenedAt: ({ data }) => data.at,
  regards,
  tells: toldOf,
  evolve,
  decide: {
    ReceiveLot: (
      { lotId, deliveryId, materialId, quantity, expiresAt, supplierId = null, supplierLot = null, locationId = null },
      state,
      { occurredAt },
    ) => {
      if (locationId) checkFacility(lotId, locationId);
      checkAmount(quantity);
      const { amount, unit } = quantity;
      const received = {
        lotId,
        materialId,
        quantity: { amount, unit },
        expiresAt: expiresAt ? utc(expiresAt) : null,
        supplierId,
        supplierLot,
        locationId,
      };
      const at = utc(occurredAt);
      if (state.status === 'unknown') return [{ type: 'LotReceived', data: { ...received, ...(deliveryId ? { deliveryId } : {}), at } }];
      if (!deliveryId) {
        if (state.origin === receiptOf(received)) return [];
        throw new Rejected('lot-exists', `${lotId} already exists. Send a \`deliveryId\` to add a further delivery to it.`, {
          materialId: state.materialId,
        });
      }
      const lot = inStock(state);
      const more = amountIn(lot, quantity);
      if (isBooked(lot, `delivery/${deliveryId}`, more)) return [];
      if (lot.materialId !== materialId)
        throw new Rejected('wrong-material', `\`materialId\` must be ${lot.materialId}, the material of ${lotId}, was ${materialId}.`, {
          materialId: lot.materialId,
        });
      const { expiresAt: expiry } = received;
      return [
        {
          type: 'LotDelivered',
          data: { ...received, deliveryId, quantity: inUnit(lot, more), expiresAt: earlier(lot.expiresAt, expiry), at },
        },
      ];
    },

    ProduceLot: (command, state, { occurredAt, commandId, regarded }) => {
      const { lotId, productionId = commandId, materialId, quantity, workOrderId, operationId = null, locationId = null } = command;
      checkFacility(lotId, workOrderId);
      if (locationId) checkFacility(lotId, locationId);
      const at = utc(occurredAt);
      const expiresAt = command.expiresAt ? utc(command.expiresAt) : null;
      const produced = { lotId, productionId, materialId, workOrderId, operationId, locationId, at };
      const flags = () => outsideOrder({ lotId, workOrderId, booking: 'Production', bookingId: productionId, at }, regarded);
      if (state.status === 'unknown') {
        checkAmount(quantity);
        const { amount, unit } = quantity;
        return [{ type: 'LotProduced', data: { ...produced, quantity: { amount, unit }, expiresAt } }, ...flags()];
      }
      const lot = inStock(state);
      const amount = amountIn(lot, quantity);
      const before = entryOf(lot.productions, productionId);
      if (before) {
        if (before.workOrderId === workOrderId && before.materialId === materialId && compare(before.amount, amount) === 0) return [];
        throw idTaken(productionId);
      }
      if (lot.materialId !== materialId)
        throw new Rejected('wrong-material', `\`materialId\` must be ${lot.materialId}, the material of ${lotId}, was ${materialId}.`, {
          materialId: lot.materialId,
        });
      return [
        { type: 'LotProduced', data: { ...produced, quantity: inUnit(lot, amount), expiresAt: earlier(lot.expiresAt, expiresAt) } },
        ...flags(),
      ];
    },

    ReverseProduction: ({ lotId, productionId, reason }, state, context) => {
      const lot = inStock(state);
      const production = entryOf(lot.productions, productionId);
      if (!production) throw new Rejected('no-such-production', `Unknown production ${productionId} of ${lotId}.`, { productionId });
      if (production.reversed) return [];
      const at = doneAt(lot, context);
      const { workOrderId, amount } = production;
      if (at < production.at)
        throw new Rejected(
          'reversal-before-production',
          `\`occurredAt\` must not be before the production at ${production.at}, was ${at}.`,
          { productionId, producedAt: production.at },
        );
      rejectMoreThanFree(lot, amount, at);
      return [{ type: 'ProductionReversed', data: { lotId, productionId, workOrderId, quantity: inUnit(lot, amount), reason, at } }];
    },

    ReserveLot: ({ lotId, reservationId, workOrderId, quantity }, state, context) => {
      const lot = inStock(state);
      checkFacility(lotId, workOrderId);
      const amount = amountIn(lot, quantity);
      const before = entryOf(lot.reservations, reservationId);
      if (before) {
        if (before.workOrderId === workOrderId && compare(before.asked, amount) === 0) return [];
        throw idTaken(reservationId);
      }
      const at = doneAt(lot, context);
      rejectOver(workOrderId, context.regarded);
      rejectUnusable(lot, at);
      rejectMoreThanFree(lot, amount);
      return [{ type: 'LotReserved', data: { lotId, reservationId, workOrderId, quantity: inUnit(lot, amount), at } }];
    },

    UnreserveLot: ({ lotId, reservationId, workOrderId }, state, { occurredAt }) => {
      const lot = inStock(state);
      const reservation = entryOf(lot.reservations, reservationId);
      if (!reservation) throw new Rejected('no-such-reservation', `Unknown reservation ${reservationId} of ${lotId}.`, { reservationId });
      if (reservation.workOrderId !== workOrderId)
        throw new Rejected(
          'reservation-of-another',
          `\`workOrderId\` must be the owner of the reservation, ${reservation.workOrderId}, was ${workOrderId}.`,
          { reservationId },
        );
      if (!isPositive(reservation.left)) return [];
      return [
        {
          type: 'LotUnreserved',
          data: { lotId, reservationId, workOrderId, quantity: inUnit(lot, reservation.left), at: utc(occurredAt) },
        },
      ];
    },

    ConsumeLot: (command, state, context) => {
      const { lotId, consumptionId = context.commandId, workOrderId, operationId = null, quantity, reservationId = null } = command;
      const lot = inStock(state);
      checkFacility(lotId, workOrderId);
      const amount = amountIn(lot, quantity);
      const before = entryOf(lot.consumptions, consumptionId);
      if (before) {
        const same = before.workOrderId === workOrderId && before.operationId === operationId && before.reservationId === reservationId;
        if (same && compare(before.amount, amount) === 0) return [];
        throw idTaken(consumptionId);
      }
      const at = doneAt(lot, context);
      rejectUnusable(lot, at);
      rejectMoreThanWasThere(lot, amount, at);
      if (reservationId === null) rejectMoreThanFree(lot, amount);
      else {
        const reservation = entryOf(lot.reservations, reservationId);
        if (!reservation) throw new Rejected('no-such-reservation', `Unknown reservation ${reservationId} of ${lotId}.`, { reservationId });
        if (reservation.workOrderId !== workOrderId)
          throw new Rejected(
            'reservation-of-another',
            `\`workOrderId\` must be the owner of the reservation, ${reservation.workOrderId}, was ${workOrderId}.`,
            { reservationId },
          );
        if (compare(amount, reservation.left) > 0)
          throw new Rejected(
            'reservation-exceeded',
            `\`quantity\` must not exceed the ${reservation.left} ${lot.unit} left of the reservation, was ${amount} ${lot.unit}.`,
            { reservationId, left: reservation.left },
          );
      }
      return [
        { type: 'LotConsumed', data: { lotId, consumptionId, workOrderId, operationId, quantity: inUnit(lot, amount), reservationId, at } },
        ...outsideOrder({ lotId, workOrderId, booking: 'Consumption', bookingId: consumptionId, at }, context.regarded),
      ];
    },

    ReverseConsumption: ({ lotId, reversalId: given, consumptionId, quantity, reason }, state, context) => {
      const lot = inStock(state);
      const reversalId = given ?? context.commandId;
      const consumption = entryOf(lot.consumptions, consumptionId);
      if (!consumption) throw new Rejected('no-such-consumption', `Unknown consumption ${consumptionId} of ${lotId}.`, { consumptionId });
      if (isBooked(lot, `reversal/${reversalId}`, consumptionId)) return [];
      if (!isPositive(consumption.left)) return [];
      const at = doneAt(lot, context);
      if (at < consumption.at)
        throw new Rejected(
          'reversal-before-consumption',
          `\`occurredAt\` must not be before the consumption at ${consumption.at}, was ${at}.`,
          { consumptionId, consumedAt: consumption.at },
        );
      const amount = quantity ? amountIn(lot, quantity) : consumption.left;
      if (compare(amount, consumption.left) > 0)
        throw new Rejected(
          'reversal-exceeds-consumption',
          `\`quantity\` must not exceed the ${consumption.left} ${lot.unit} left of the consumption, was ${amount} ${lot.unit}.`,
          { consumptionId, left: consumption.left },
        );
      const { workOrderId, left } = consumption;
      const remaining = inUnit(lot, minus(left, amount));
      return [
        {
          type: 'ConsumptionReversed',
          data: { lotId, reversalId, consumptionId, workOrderId, quantity: inUnit(lot, amount), remaining, reason, at },
        },
      ];
    },

    ...splitsAndMerges,
    ...transferBookings,

    MoveLot: ({ lotId, locationId }, state, { occurredAt }) => {
      const lot = inStock(state);
      checkFacility(lotId, locationId);
      if (lot.locationId === locationId) return [];
      return [{ type: 'LotMoved', data: { lotId, fromLocationId: lot.locationId, toLocationId: locationId, at: utc(occurredAt) } }];
    },

    HoldLot: ({ lotId, holdId, reason }, state, { occurredAt }) => {
      const lot = held(state, holdId);
      const before = entryOf(lot.holds, holdId);
      if (before?.until === null) return [];
      if (before) throw new Rejected('hold-released', `Hold ${holdId} was already released. Choose another \`holdId\`.`, { holdId });
      return [{ type: 'LotHeld', data: { lotId, holdId, reason, at: utc(occurredAt) } }];
    },

    ReleaseHold: ({ lotId, holdId, reason }, state, context) => {
      const before = entryOf(held(state, holdId).holds, holdId);
      if (!before) throw new Rejected('no-such-hold', `Unknown hold ${holdId} of ${lotId}.`, { holdId });
      if (before.until !== null) return [];
      const at = utc(notBefore({ at: before.from, what: 'the hold began' }, context));
      return [{ type: 'LotHoldReleased', data: { lotId, holdId, reason, at } }];
    },

    ScrapLot: ({ lotId, scrapId: given, quantity, reasonCode }, state, context) => {
      const lot = inStock(state);
      const scrapId = given ?? context.commandId;
      const amount = amountIn(lot, quantity);
      if (isBooked(lot, `scrap/${scrapId}`, amount)) return [];
      const at = doneAt(lot, context);
      rejectMoreThanFree(lot, amount, at);
      return [{ type: 'LotScrapped', data: { lotId, scrapId, quantity: inUnit(lot, amount), reasonCode, at } }];
    },

    ReturnLot: ({ lotId, returnId: given, quantity, reason }, state, context) => {
      const lot = inStock(state);
      const returnId = given ?? context.commandId;
      const amount = amountIn(lot, quantity);
      if (isBooked(lot, `return/${returnId}`, amount)) return [];
      const at = doneAt(lot, context);
      rejectMoreThanFree(lot, amount, at);
      return [{ type: 'LotReturned', data: { lotId, returnId, quantity: inUnit(lot, amount), reason, at } }];
    },

    ExpireLot: ({ lotId, reason }, state, { occurredAt }) => {
      const { expiresAt: previousExpiresAt } = inStock(state);
      const at = utc(occurredAt);
      return previousExpiresAt !== null && previousExpiresAt <= at
        ? []
        : [{ type: 'LotExpired', data: { lotId, previousExpiresAt, reason, at } }];
    },

    OverrideExpiry: ({ lotId, expiresAt: asked, reason }, state, { occurredAt }) => {
      const { expiresAt: previousExpiresAt } = inStock(state);
      const expiresAt = asked ? utc(asked) : null;
      if (expiresAt === previousExpiresAt) return [];
      return [{ type: 'ExpiryOverridden', data: { lotId, previousExpiresAt, expiresAt, reason, at: utc(occurredAt) } }];
    },

    AdjustStock: ({ lotId, adjustmentId: given, quantity, reason }, state, context) => {
      const lot = inStock(state);
      const adjustmentId = given ?? context.commandId;
      const to = amountIn(lot, quantity, true);
      if (isBooked(lot, `adjustment/${adjustmentId}`, to)) return [];
      const at = doneAt(lot, context);
      // The adjustment is of the books at that time: later movements still count.
      const from = onHandAt(lot.movements, at);
      const difference = minus(to, from);
      if (isZero(difference)) return [];
      if (compare(plus(leastFrom(lot.movements, at), difference), '0') < 0)
        throw new Rejected(
          'stock-insufficient',
          `With ${to} ${lot.unit} at ${at} the stock would have become negative later. Adjust at a later \`occurredAt\`.`,
          { to, at, onHand: lot.onHand },
        );
      if (compare(plus(lot.onHand, difference), reserved(lot)) < 0)
        throw new Rejected(
          'reserved-exceeds-stock',
          `${reserved(lot)} ${lot.unit} are reserved, more than would be left. Release reservations first.`,
          { reserved: reserved(lot), to },
        );
      return [
        { type: 'StockAdjusted', data: { lotId, adjustmentId, from: inUnit(lot, from), to: inUnit(lot, to), difference, reason, at } },
      ];
    },

    ObserveStockCount: observeCount,
  },
};

/** What another plant holds is held also where it was merged: a process passes the hold on to the lot that has it now. */
const held = (state: MaterialLot, holdId: string): Known => (isPassedOn(holdId) ? known(state) : inStock(state));

export const materialLot: Rules = ofPlants({
  ...rules,
  decide: checking(withFindings(rules.decide), { facility: ({ lotId }) => facilityOf(lotId), references }),
});
