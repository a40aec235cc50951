/** The span of floor time of a row on a machine, in milliseconds since 1970. */
export type Claim = Readonly<{ line: number; order: string; from: number; to: number }>;
/** Two rows that overlap on a machine; the second one began first and ends last. */
export type Overlap = Readonly<{ machine: string; line: number; order: string; otherLine: number; otherOrder: string }>;

const WIDTH = 4;

/** The spans on one machine: four numbers a row, so that a million rows need little memory. */
class Claims {
  private numbers = new Float64Array(WIDTH * 256);
  private size = 0;

  add(...claim: readonly [line: number, order: number, from: number, to: number]): void {
    if (WIDTH * this.size === this.numbers.length) {
      const larger = new Float64Array(2 * this.numbers.length);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers.set(claim, WIDTH * this.size);
    this.size += 1;
  }

  /** By start, then by line. */
  *sorted(): Generator<{ line: number; order: number; from: number; to: number }> {
    const number = (index: number, place: number) => this.numbers[WIDTH * index + place]!;
    const indexes = Uint32Array.from({ length: this.size }, (_, index) => index);
    indexes.sort((a, b) => number(a, 2) - number(b, 2) || number(a, 0) - number(b, 0));
    for (const index of indexes) yield { line: number(index, 0), order: number(index, 1), from: number(index, 2), to: number(index, 3) };
  }
}

/** Finds rows that overlap on a machine, across all orders. */
export class Overlaps {
  private readonly machines = new Map<string, Claims>();
  private readonly orders: string[] = [];
  private readonly places = new Map<string, number>();

  add(machine: string, { line, order, from, to }: Claim): void {
    if (from >= to) return;
    let place = this.places.get(order);
    if (place === undefined) {
      place = this.orders.push(order) - 1;
      this.places.set(order, place);
    }
    const claims = this.machines.get(machine) ?? new Claims();
    claims.add(line, place, from, to);
    this.machines.set(machine, claims);
  }

  /** Each row that begins while the machine is occupied, by machine and start. */
  *found(): Generator<Overlap> {
    for (const machine of [...this.machines.keys()].sort()) {
      let holder: { line: number; order: number; to: number } | undefined;
      for (const claim of this.machines.get(machine)!.sorted()) {
        if (holder && claim.from < holder.to)
          yield {
            machine,
            line: claim.line,
            order: this.orders[claim.order]!,
            otherLine: holder.line,
            otherOrder: this.orders[holder.order]!,
          };
        if (!holder || claim.to > holder.to) holder = claim;
      }
    }
  }
}
