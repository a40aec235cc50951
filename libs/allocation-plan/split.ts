/** The best split of one quantity over places, each with the least and the most that it takes. Amounts in millionths. */
export type SplitPlace = Readonly<{ most: bigint; least: bigint; cost: bigint }>;
export type Split<P extends SplitPlace> = Readonly<{ places: readonly P[]; amounts: readonly bigint[]; placed: bigint; cost: bigint }>;

/** Tries every choice of places; in each, every place gets its least and the first get the rest: give the cheapest first. */
export function bestSplit<P extends SplitPlace>(places: readonly P[], quantity: bigint, maxLegs: number): Split<P> {
  let best: Split<P> = { places: [], amounts: [], placed: 0n, cost: 0n };
  const choose = (from: number, chosen: readonly P[], least: bigint): void => {
    if (chosen.length > 0) {
      const split = fill(chosen, quantity, least);
      if (better(split, best)) best = split;
    }
    if (chosen.length === maxLegs) return;
    for (let next = from; next < places.length; next += 1) {
      const place = places[next]!;
      if (least + place.least <= quantity) choose(next + 1, [...chosen, place], least + place.least);
    }
  };
  if (maxLegs > 0) choose(0, [], 0n);
  return best;
}

function fill<P extends SplitPlace>(places: readonly P[], quantity: bigint, least: bigint): Split<P> {
  let left = quantity - least;
  const amounts = places.map(({ most, least: own }) => {
    const more = most - own < left ? most - own : left;
    left -= more;
    return own + more;
  });
  const used = places.map((place, index) => [place, amounts[index]!] as const).filter(([, amount]) => amount > 0n);
  return {
    places: used.map(([place]) => place),
    amounts: used.map(([, amount]) => amount),
    placed: quantity - left,
    cost: used.reduce((sum, [{ cost }, amount]) => sum + cost * amount, 0n),
  };
}

/** More placed, then cheaper, then in fewer legs. */
export const better = (a: Split<SplitPlace>, b: Split<SplitPlace>): boolean => {
  if (a.placed !== b.placed) return a.placed > b.placed;
  return a.cost === b.cost ? a.places.length < b.places.length : a.cost < b.cost;
};
