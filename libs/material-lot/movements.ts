import { compare, minus, plus } from '#manufacturing/quantity';

/** What entered or left a lot, by floor time (ISO 8601 UTC), earliest first. */
export type Movement = readonly [at: string, change: string];

/** The movements with one more, inserted at its floor time. */
export function withMovement(movements: readonly Movement[], at: string, change: string): readonly Movement[] {
  let place = movements.length;
  while (place > 0 && movements[place - 1]![0] > at) place -= 1;
  return [...movements.slice(0, place), [at, change], ...movements.slice(place)];
}

/** The stock at that time, as known today. */
export const onHandAt = (movements: readonly Movement[], at: string): string =>
  movements.reduce((total, [when, change]) => (when <= at ? plus(total, change) : total), '0');

/** The least stock at that time or later: more cannot have left at that time. */
export function leastFrom(movements: readonly Movement[], at: string): string {
  let total = onHandAt(movements, at);
  let least = total;
  for (const [when, change] of movements) {
    if (when <= at) continue;
    total = plus(total, change);
    if (compare(total, least) < 0) least = total;
  }
  return least;
}

export const taken = (amount: string): string => minus('0', amount);
