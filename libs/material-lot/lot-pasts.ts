import type { LotMerged, LotReceived, LotSplit, MaterialLotEvent } from './material-lot.events';

/** Named histories that the specs of this slice begin with. */
export const lotId = 'haifa.L1';
export const at = '2026-01-05T08:00:00.000Z';
export const workOrderId = 'haifa.W1';
export const kg = (amount: string) => ({ amount, unit: 'kg' }) as const;

export const received = (changes: Partial<LotReceived['data']> = {}): LotReceived => ({
  type: 'LotReceived',
  data: {
    lotId,
    materialId: 'steel',
    quantity: kg('100'),
    expiresAt: null,
    supplierId: null,
    supplierLot: null,
    locationId: null,
    at,
    ...changes,
  },
});
export const reserved = (amount = '30', owner = workOrderId): MaterialLotEvent => ({
  type: 'LotReserved',
  data: { lotId, reservationId: 'R1', workOrderId: owner, quantity: kg(amount), at },
});
export const consumed = (amount = '40', reservationId: string | null = null): MaterialLotEvent => ({
  type: 'LotConsumed',
  data: { lotId, consumptionId: 'C1', workOrderId, operationId: null, quantity: kg(amount), reservationId, at },
});
export const held: MaterialLotEvent = { type: 'LotHeld', data: { lotId, holdId: 'H1', reason: 'crack', at } };
export const released: MaterialLotEvent = { type: 'LotHoldReleased', data: { lotId, holdId: 'H1', reason: 'fine', at } };
export const split = (changes: Partial<LotSplit['data']> = {}): LotSplit => ({
  type: 'LotSplit',
  data: {
    lotId,
    childLotId: 'haifa.L2',
    materialId: 'steel',
    quantity: kg('25'),
    expiresAt: null,
    locationId: null,
    ancestors: [lotId],
    at,
    ...changes,
  },
});
export const merged = (changes: Partial<LotMerged['data']> = {}): LotMerged => ({
  type: 'LotMerged',
  data: { lotId, intoLotId: 'haifa.L9', materialId: 'steel', quantity: kg('100'), expiresAt: null, ancestors: [lotId], at, ...changes },
});
export const produced = (changes: object = {}): MaterialLotEvent => ({
  type: 'LotProduced',
  data: {
    lotId,
    productionId: 'P1',
    materialId: 'gear',
    quantity: kg('5'),
    workOrderId,
    operationId: null,
    expiresAt: null,
    locationId: null,
    at,
    ...changes,
  },
});
export const consume = (amount: string, more: object = {}) => ({ lotId, consumptionId: 'C1', workOrderId, quantity: kg(amount), ...more });
export const receive = { lotId, materialId: 'steel', quantity: kg('100') };
