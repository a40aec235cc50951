import { AMOUNT, plus } from '#manufacturing/quantity';
import { PlainFault } from './terminal';

export type LotRow = Readonly<{
  lotId: string;
  facilityId: string;
  materialId: string;
  status: string;
  available: string;
  unit: string;
  expiresAt: string | null;
}>;

/**
 * What the lots have free at a time, by plant, a dot, and material.
 * @throws PlainFault where a plant keeps one material in several units: a work master counts in one, and does not say in which
 */
export function freeStock(lots: readonly LotRow[], at: string): Record<string, string> {
  const stock: Record<string, string> = {};
  const first: Record<string, LotRow> = {};
  for (const lot of lots) {
    const key = `${lot.facilityId}.${lot.materialId}`;
    const other = (first[key] ??= lot);
    if (other.unit !== lot.unit)
      throw new PlainFault(
        `${lot.facilityId} keeps ${lot.materialId} in ${other.unit} (${other.lotId}) and in ${lot.unit} (${lot.lotId}), which cannot be added up. ` +
          'Keep it in one unit, or plan with --ignore-stock.',
      );
    const usable = lot.status === 'Available' && (lot.expiresAt === null || lot.expiresAt > at) && AMOUNT.test(lot.available);
    stock[key] = plus(stock[key] ?? '0', usable ? lot.available : '0');
  }
  return stock;
}
