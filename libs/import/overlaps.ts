/** A span of floor time that a row claims on a machine, in milliseconds since 1970. */
export type Claim = Readonly<{ line: number; from: number; to: number }>;
/** Two rows that claim one machine at one time. */
export type Overlap = Readonly<{ machine: string; line: number; otherLine: number }>;

/** The claims on one machine: three numbers a row, so that a million rows stay small. */
class Claims {
  private numbers = new Float64Array(3 * 256);
  private size = 0;

  add({ line, from, to }: Claim): void {
    if (3 * this.size === this.numbers.length) {
      const larger = new Float64Array(2 * this.numbers.length);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers.set([line, from, to], 3 * this.size);
    this.size += 1;
  }

  /** By start, then by line. */
  *sorted(): Generator<Claim> {
    const at = (index: number): Claim => ({ line: this.numbers[3 * index]!, from: this.numbers[3 * index + 1]!, to: this.numbers[3 * index + 2]! });
    const order = Uint32Array.from({ length: this.size }, (_, index) => index);
    order.sort((a, b) => this.numbers[3 * a + 1]! - this.numbers[3 * b + 1]! || this.numbers[3 * a]! - this.numbers[3 * b]!);
    for (const index of order) yield at(index);
  }
}

/** Finds rows that claim a machine while another row does, across all orders. */
export class Overlaps {
  private readonly machines = new Map<string, Claims>();

  add(machine: string, claim: Claim): void {
    if (claim.from >= claim.to) return;
    const claims = this.machines.get(machine) ?? new Claims();
    claims.add(claim);
    this.machines.set(machine, claims);
  }

  /** Each row that begins while the machine is taken, with the row that holds it longest. By machine and start. */
  *found(): Generator<Overlap> {
    for (const machine of [...this.machines.keys()].sort()) {
      let holder: Claim | undefined;
      for (const claim of this.machines.get(machine)!.sorted()) {
        if (holder && claim.from < holder.to) yield { machine, line: claim.line, otherLine: holder.line };
        if (!holder || claim.to > holder.to) holder = claim;
      }
    }
  }
}
