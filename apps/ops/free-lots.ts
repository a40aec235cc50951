import type { StockLot } from '#allocation-plan/batch-inputs';
import { AMOUNT, sameDimension, type Unit } from '#manufacturing/quantity';
import { PlainFault } from './terminal';

export type LotRow = Readonly<{
  lotId: string;
  facilityId: string;
  materialId: string;
  status: string;
  available: string;
  unit: Unit;
  expiresAt: string | null;
}>;

/**
 * The lots that have something free at a time, by plant, a dot, and material. A plant whose lots all have nothing has an empty list.
 * @throws PlainFault where a plant keeps one material in units that measure different things, or in several, and a work master does not say in which
 * it counts (`unitless`)
 */
export function freeLots(lots: readonly LotRow[], at: string, unitless: ReadonlySet<string> = new Set()): Record<string, StockLot[]> {
  const free: Record<string, StockLot[]> = {};
  const first: Record<string, LotRow> = {};
  for (const lot of lots) {
    const key = `${lot.facilityId}.${lot.materialId}`;
    const other = (first[key] ??= lot);
    if (other.unit !== lot.unit && (unitless.has(lot.materialId) || !sameDimension(other.unit, lot.unit)))
      throw new PlainFault(
        `${lot.facilityId} keeps ${lot.materialId} in ${other.unit} (${other.lotId}) and in ${lot.unit} (${lot.lotId}), which cannot be added up${unitless.has(lot.materialId) ? ' where a work master does not say in which unit it counts' : ''}. ` +
          'Keep it in one unit, name the unit in the work master, or plan with --ignore-stock.',
      );
    const usable = lot.status === 'Available' && (lot.expiresAt === null || lot.expiresAt > at) && AMOUNT.test(lot.available);
    const here = (free[key] ??= []);
    if (usable) here.push({ lotId: lot.lotId, quantity: lot.available, unit: lot.unit, expiresAt: lot.expiresAt });
  }
  return free;
}
