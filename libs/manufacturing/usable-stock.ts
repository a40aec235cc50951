/** What a decision may know of the stock of a plant. material-lot looks it up in its read model. */
import { streamOf } from '#kernel/identity';
import type { Unit } from './quantity';

export const USABLE_STOCK = 'usable-stock';

/** A lot with what is free of it, and the first instant at which it may no longer be used. */
export type UsableLot = Readonly<{ lotId: string; quantity: string; unit: Unit; expiresAt: string | null }>;
/** First expired, first out; null where the plant has never had a lot of the material. */
export type ToldStock = readonly UsableLot[] | null | undefined;

/** The name under which a decider regards it. */
export const usableStockOf = (facilityId: string, materialId: string): string => streamOf(USABLE_STOCK, `${facilityId}.${materialId}`);
