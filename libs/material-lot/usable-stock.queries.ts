/**
 * The free lots of a material at a plant, for decisions of other slices: the plan of an order. Hides: that many questions are one statement. Promises:
 * what the read model has, some moments old, first expired, first out. Does not: reserve.
 */
import { Inject, Injectable } from '@nestjs/common';
import { scopeIn } from '#kernel/identity';
import { type ToldStock, USABLE_STOCK, type UsableLot } from '#manufacturing/usable-stock';
import { Registry } from '#platform/commands/registry';
import { Reads } from '#platform/queries/reads';
import { now } from '#platform/runtime/clock';

/** What lies in lots that expire later is not seen. */
const MOST_LOTS = 500;
/** One row for each free lot; one without a lot where the plant keeps the material, and nothing is free. */
const FREE = `
  SELECT asked.n::int - 1 AS n, lot."lotId", trim_scale(lot.available)::text AS quantity, lot.unit, lot."expiresAt"
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (facility, material, n)
  LEFT JOIN LATERAL (
    SELECT "lotId", available, unit, "expiresAt" FROM lot_stock
    WHERE "facilityId" = asked.facility AND "materialId" = asked.material
      AND status = 'Available' AND available > 0 AND ("expiresAt" IS NULL OR "expiresAt" > $3)
    ORDER BY "expiresAt" NULLS LAST, "lotId" LIMIT ${MOST_LOTS}
  ) lot ON true
  WHERE lot."lotId" IS NOT NULL
    OR EXISTS (SELECT FROM lot_stock WHERE "facilityId" = asked.facility AND "materialId" = asked.material)`;
type Row = Readonly<{ n: number; lotId: string | null; quantity: string; unit: UsableLot['unit']; expiresAt: string | Date | null }>;

@Injectable()
export class UsableStock {
  private asked: string[] = [];
  private answer?: Promise<readonly ToldStock[]>;

  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(Registry) registry: Registry,
  ) {
    registry.lookUp(USABLE_STOCK, (id) => this.of(id));
  }

  /** What is asked in the same turn is answered by one statement. */
  private async of(id: string): Promise<ToldStock> {
    const n = this.asked.push(id) - 1;
    this.answer ??= Promise.resolve().then(() => {
      const { asked } = this;
      this.asked = [];
      this.answer = undefined;
      return this.read(asked);
    });
    return (await this.answer)[n];
  }

  private async read(ids: readonly string[]): Promise<readonly ToldStock[]> {
    const of = ids.map((id) => scopeIn(id));
    const materials = ids.map((id, n) => id.slice(of[n]!.length + 1));
    const told: (UsableLot[] | null)[] = ids.map(() => null);
    for (const { n, lotId, quantity, unit, expiresAt } of await this.reads.rows<Row>(FREE, [of, materials, now()])) {
      const lots = (told[n] ??= []);
      if (lotId !== null) lots.push({ lotId, quantity, unit, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() });
    }
    return told;
  }
}
