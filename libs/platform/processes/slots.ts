/**
 * How many instances work at once, over all processes of a worker, and how many inputs wait. Promises: bounded; first come, first served. Does
 * not: know what an instance does.
 */
export class Slots {
  /** Inputs handed out and not finished. */
  queued = 0;
  private free: number;
  private readonly line: (() => void)[] = [];

  constructor(places: number) {
    this.free = places;
  }

  async through(run: () => Promise<void>): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.line.push(resolve));
    try {
      await run();
    } finally {
      const next = this.line.shift();
      if (next) next();
      else this.free += 1;
    }
  }

  /** Inside `through`: lets those go first that wait now. */
  async giveWay(): Promise<void> {
    const next = this.line.shift();
    if (!next) return;
    const again = new Promise<void>((resolve) => this.line.push(resolve));
    next();
    await again;
  }
}
