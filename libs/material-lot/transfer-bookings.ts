/** What leaves a lot for a transfer to another plant, comes back from it, or arrives in a lot of the other plant. */
import type { Decider } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { compare, isPositive, minus } from '#manufacturing/quantity';
import { ancestry, earlier, type InStock, issueKey, type MaterialLot } from './lot';
import type * as commands from './material-lot.commands';
import type { MaterialLotEvent } from './material-lot.events';
import {
  amountIn,
  checkAmount,
  checkFacility,
  idTaken,
  inStock,
  inUnit,
  isBooked,
  doneAt,
  rejectMoreThanFree,
  rejectUnusable,
  utc,
} from './stock';

type Decide = Decider<typeof commands, MaterialLot, MaterialLotEvent>['decide'];

export const transferBookings: Pick<Decide, 'IssueLotToTransfer' | 'TakeBackFromTransfer' | 'ReceiveLotFromTransfer'> = {
  IssueLotToTransfer: ({ lotId, transferId, pick, materialId, quantity }, state, context) => {
    const lot = inStock(state);
    checkFacility(lotId, transferId);
    rejectOther(lot, materialId);
    const amount = amountIn(lot, quantity);
    const before = entryOf(lot.issues, issueKey(transferId, pick));
    if (before) {
      if (compare(before.amount, amount) === 0) return [];
      throw idTaken(issueKey(transferId, pick));
    }
    const at = doneAt(lot, context);
    rejectUnusable(lot, at);
    rejectMoreThanFree(lot, amount, at);
    return [{ type: 'LotIssuedToTransfer', data: { lotId, transferId, pick, quantity: inUnit(lot, amount), at } }];
  },

  TakeBackFromTransfer: ({ lotId, transferId, pick, backId, quantity, reason }, lot, { occurredAt }) => {
    const issue = lot.status === 'unknown' ? undefined : entryOf(lot.issues, issueKey(transferId, pick));
    // What was never issued, or is back already, changes nothing. A lot that was merged away has its part again.
    if (lot.status === 'unknown' || !issue || !isPositive(issue.left)) return [];
    if (lot.booked[`back/${issueKey(transferId, pick)}/${backId}`] !== undefined) return [];
    const amount = quantity ? amountIn(lot, quantity) : issue.left;
    if (compare(amount, issue.left) > 0)
      throw new Rejected(
        'take-back-exceeds-issue',
        `\`quantity\` must not exceed the ${issue.left} ${lot.unit} that the transfer still has of ${lotId}, was ${amount} ${lot.unit}.`,
        { transferId, left: issue.left },
      );
    const remaining = inUnit(lot, minus(issue.left, amount));
    const data = { lotId, transferId, pick, backId, quantity: inUnit(lot, amount), remaining, reason, at: utc(occurredAt) };
    return [{ type: 'LotTakenBackFromTransfer', data }];
  },

  ReceiveLotFromTransfer: (command, state, { occurredAt }) => {
    const { lotId, transferId, receiptId, fromLotId = null, materialId, quantity, expiresAt, ancestors = [] } = command;
    const received = { lotId, transferId, receiptId, fromLotId, materialId, at: utc(occurredAt) };
    const expiry = expiresAt ? utc(expiresAt) : null;
    if (state.status === 'unknown') {
      checkAmount(quantity);
      const { amount, unit } = quantity;
      const data = { ...received, quantity: { amount, unit }, expiresAt: expiry, ancestors: [...ancestors] };
      return [{ type: 'LotReceivedFromTransfer', data }];
    }
    const lot = inStock(state);
    rejectOther(lot, materialId);
    const amount = amountIn(lot, quantity);
    if (isBooked(lot, `transfer/${transferId}/${receiptId}/${fromLotId ?? ''}`, amount)) return [];
    const all = ancestry(ancestors, lot.ancestors).filter((ancestor) => ancestor !== lotId);
    const data = { ...received, quantity: inUnit(lot, amount), expiresAt: earlier(lot.expiresAt, expiry), ancestors: all };
    return [{ type: 'LotReceivedFromTransfer', data }];
  },
};

/** @throws Rejected wrong-material */
function rejectOther({ lotId, materialId }: InStock, asked: string): void {
  if (materialId !== asked)
    throw new Rejected('wrong-material', `\`materialId\` must be ${materialId}, the material of ${lotId}, was ${asked}.`, { materialId });
}
