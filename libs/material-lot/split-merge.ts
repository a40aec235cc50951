/** A part of a lot becomes a lot of its own, or all of it becomes part of another one. */
import type { Decider } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { compare, isPositive } from '#manufacturing/quantity';
import { ancestry, earlier, type MaterialLot, reserved, splitOf } from './lot';
import type * as commands from './material-lot.commands';
import type { MaterialLotEvent } from './material-lot.events';
import {
  amountIn,
  checkFacility,
  hasStock,
  idTaken,
  inStock,
  inUnit,
  isBooked,
  known,
  doneAt,
  rejectHeld,
  rejectMoreThanFree,
  rejectMoreThanWasThere,
  rejectStandingHold,
  rejectUnusable,
  utc,
} from './stock';

type Decide = Decider<typeof commands, MaterialLot, MaterialLotEvent>['decide'];
type Name = 'SplitLot' | 'CreateLotFromSplit' | 'UndoSplit' | 'MergeLot' | 'AddMergedLot' | 'UndoMerge';

export const splitsAndMerges: Pick<Decide, Name> = {
  SplitLot: ({ lotId, childLotId, quantity }, state, context) => {
    const lot = inStock(state);
    checkFacility(lotId, childLotId);
    if (childLotId === lotId || lot.ancestors.includes(childLotId))
      throw new Rejected('lot-cycle', `\`childLotId\` must be a new lot, but ${lotId} is or comes from ${childLotId}.`, { childLotId });
    const amount = amountIn(lot, quantity);
    const before = lot.splits[childLotId];
    if (before !== undefined) {
      if (compare(before.amount, amount) === 0) return [];
      throw idTaken(childLotId);
    }
    const at = doneAt(lot, context);
    rejectHeld(lot, at);
    rejectStandingHold(lot);
    rejectMoreThanFree(lot, amount, at);
    const { materialId, expiresAt, locationId } = lot;
    const ancestors = ancestry(lot.ancestors, [lotId]);
    return [
      { type: 'LotSplit', data: { lotId, childLotId, materialId, quantity: inUnit(lot, amount), expiresAt, locationId, ancestors, at } },
    ];
  },

  CreateLotFromSplit: (
    { lotId, parentLotId, materialId, quantity, expiresAt = null, locationId = null, ancestors },
    state,
    { occurredAt },
  ) => {
    const { amount, unit } = quantity;
    const created = { lotId, parentLotId, materialId, quantity: { amount, unit }, expiresAt, locationId, ancestors: [...ancestors] };
    if (state.status === 'unknown') return [{ type: 'LotCreatedFromSplit', data: { ...created, at: utc(occurredAt) } }];
    if (state.origin === splitOf(created)) return [];
    throw new Rejected('lot-exists', `${lotId} already exists. Choose another id.`, { materialId: state.materialId });
  },

  UndoSplit: ({ lotId, childLotId, reason }, state, { occurredAt }) => {
    const lot = known(state);
    const amount = lot.splits[childLotId]?.amount;
    if (amount === undefined) return [];
    return [{ type: 'LotSplitUndone', data: { lotId, childLotId, quantity: inUnit(lot, amount), reason, at: utc(occurredAt) } }];
  },

  MergeLot: ({ lotId, intoLotId }, state, context) => {
    if (state.status === 'merged' && state.intoLotId === intoLotId) return [];
    const lot = inStock(state);
    checkFacility(lotId, intoLotId);
    if (intoLotId === lotId) throw new Rejected('lot-cycle', `\`intoLotId\` must be another lot, was ${intoLotId}.`, { intoLotId });
    if (lot.merges[intoLotId] !== undefined)
      throw new Rejected('lot-merged', `${lotId} was already merged into ${intoLotId}. Merge it into another lot.`, { intoLotId });
    const at = doneAt(lot, context);
    rejectUnusable(lot, at);
    rejectStandingHold(lot);
    if (isPositive(reserved(lot)))
      throw new Rejected('lot-reserved', `${reserved(lot)} ${lot.unit} of ${lotId} are reserved. Release the reservations first.`, {
        reserved: reserved(lot),
      });
    if (!hasStock(lot)) throw new Rejected('stock-insufficient', `${lotId} is empty; there is nothing to merge.`, { onHand: lot.onHand });
    rejectMoreThanWasThere(lot, lot.onHand, at);
    const { materialId, expiresAt, onHand } = lot;
    const ancestors = ancestry(lot.ancestors, [lotId]);
    return [{ type: 'LotMerged', data: { lotId, intoLotId, materialId, quantity: inUnit(lot, onHand), expiresAt, ancestors, at } }];
  },

  AddMergedLot: ({ lotId, fromLotId, materialId, quantity, expiresAt = null, ancestors }, state, context) => {
    const lot = inStock(state);
    if (isBooked(lot, `merge/${fromLotId}`, '')) return [];
    if (lot.materialId !== materialId)
      throw new Rejected('wrong-material', `\`materialId\` must be ${lot.materialId}, the material of ${lotId}, was ${materialId}.`, {
        materialId: lot.materialId,
      });
    const amount = amountIn(lot, quantity);
    const at = doneAt(lot, context);
    rejectUnusable(lot, at);
    const earliest = earlier(lot.expiresAt, expiresAt);
    return [
      {
        type: 'MergedLotAdded',
        data: { lotId, fromLotId, quantity: inUnit(lot, amount), expiresAt: earliest, ancestors: [...ancestors], at },
      },
    ];
  },

  UndoMerge: ({ lotId, intoLotId, reason }, state, { occurredAt }) => {
    const lot = known(state);
    const amount = lot.merges[intoLotId]?.amount;
    if (amount === undefined) return [];
    return [{ type: 'LotMergeUndone', data: { lotId, intoLotId, quantity: inUnit(lot, amount), reason, at: utc(occurredAt) } }];
  },
};
