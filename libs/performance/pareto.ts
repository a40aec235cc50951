/** A Pareto order: the largest first, each with its share of the whole and that of all up to it. Hides: exact shares. Does not: know what is counted. */
import { ratioOf } from './kpis';
import { compare, plus } from '#manufacturing/quantity';

type Counted = Readonly<{ key: string | null; amount: string }>;
export type Ranked<Item> = Item & Readonly<{ share: string | null; cumulativeShare: string | null }>;

/** Amounts are decimal strings of one unit, none negative. Equal amounts are in the order of their keys, an absent key last. */
export function ranked<Item extends Counted>(items: readonly Item[]): Ranked<Item>[] {
  const whole = items.reduce((sum, { amount }) => plus(sum, amount), '0');
  const byKey = (a: Item, b: Item) => (a.key === b.key ? 0 : a.key === null ? 1 : b.key === null ? -1 : a.key < b.key ? -1 : 1);
  let before = '0';
  return [...items]
    .sort((a, b) => compare(b.amount, a.amount) || byKey(a, b))
    .map((item) => {
      before = plus(before, item.amount);
      const share = (amount: string) => ratioOf(amount, whole, 'NoQuantity').value;
      return { ...item, share: share(item.amount), cumulativeShare: share(before) };
    });
}
