/**
 * What the stock of a plant allows for one order: only work that ends before a lot expires can use it. Hides: lots. Promises: never more than the lots
 * hold. Does not: reserve in them.
 */
import { decimal, finest, isPositive, millionths } from '#manufacturing/quantity';
import type { UsableLot } from '#manufacturing/usable-stock';
import type { Candidate, PlanOrder } from './allocation-plan.events';
import { amountIn, DAY_MS, type Material, SCALE, whole } from './terms';

/** So many steps describe the stock of a plant; with more, some of what expires early is left out. */
const MOST_STEPS = 60;

/** A material that the plant keeps: what one unit of the product needs, and what is free of it. */
export type Kept = Material & Readonly<{ lots: readonly UsableLot[] }>;
type Step = NonNullable<Candidate['stock']>[number];

/** The most for work that ends by each expiry date; undefined where material limits nothing. Lots whose unit measures something else than the need do not count. */
export function stockSteps(order: PlanOrder, materials: readonly Kept[]): Step[] | undefined {
  const kept = materials.filter(({ quantityPerUnit }) => isPositive(quantityPerUnit));
  if (kept.length === 0) return undefined;
  const quantity = millionths(order.quantity);
  const due = Date.parse(order.due);
  const expiries = kept.flatMap(({ lots }) => lots.map(expiryOf)).filter((expiry) => expiry < due);
  const steps: Step[] = [];
  for (const until of [due, ...[...new Set(expiries)].sort((a, b) => b - a)]) {
    const { materialId, most } = scarcest(order, kept, until);
    // What lasts longer and is as much covers it.
    if (steps[0] && millionths(steps[0].most) >= most) continue;
    const last = until === due ? null : new Date(until).toISOString();
    steps.unshift({ until: last, most: decimal(most < quantity ? most : quantity), materialId });
    if (most >= quantity) break;
  }
  if (steps.length > MOST_STEPS) steps.splice(0, steps.length - MOST_STEPS);
  return steps.length === 1 && millionths(steps[0]!.most) >= quantity ? undefined : steps;
}

const expiryOf = ({ expiresAt }: UsableLot): number => (expiresAt === null ? Infinity : Date.parse(expiresAt));

/** The material that allows least for work that ends by then. */
function scarcest(order: PlanOrder, kept: readonly Kept[], until: number): { materialId: string; most: bigint } {
  const each = kept.map(({ materialId, quantityPerUnit, lots, unit = lots[0]?.unit }) => {
    if (!unit) return { materialId, most: 0n };
    const counted = finest(
      unit,
      lots.map((lot) => lot.unit),
    );
    const free = lots.reduce((sum, lot) => (expiryOf(lot) >= until ? sum + (amountIn(counted, lot.quantity, lot.unit) ?? 0n) : sum), 0n);
    return { materialId, most: whole(order, (free * SCALE) / amountIn(counted, quantityPerUnit, unit)!) };
  });
  return each.reduce((least, other) => (other.most < least.most ? other : least));
}

const endsBy = (date: string, { until }: Step): boolean => until === null || Date.parse(date) + DAY_MS <= Date.parse(until);

/** Days by which work may have to end, so that it can use what expires then; the last one among them. */
export function endsAmong(days: readonly string[], { stock = [] }: Candidate): number[] {
  const ends = stock.map((step) => days.filter((date) => endsBy(date, step)).length - 1);
  return [...new Set([...ends, days.length - 1])].filter((day) => day >= 0);
}

/** The most that there is material for, if work ends on the day, in millionths; undefined where it is not limited. */
export function materialFor(date: string, { stock }: Candidate): bigint | undefined {
  const step = stock?.find((each) => endsBy(date, each));
  return step && millionths(step.most);
}
