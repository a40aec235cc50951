/**
 * How many requests of one caller are worked on at once. Hides: the lines of those that wait. Promises: a caller's further requests wait for its
 * earlier ones, in order, so that no caller keeps others from the event store and PostgreSQL. Does not: bound the lines (rate-limit.ts does).
 */
const AT_ONCE = 32;

type Line = { working: number; readonly waiting: Set<() => void> };

export class Turns {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly atOnce = AT_ONCE) {}

  /** Calls `begin` when it is its turn, which may be at once. Call the returned function when the request is over, or given up. */
  take(caller: string, begin: () => void): () => void {
    const line: Line = this.lines.get(caller) ?? { working: 0, waiting: new Set() };
    this.lines.set(caller, line);
    let over = false;
    let begun = false;
    const work = () => {
      begun = true;
      line.working += 1;
      begin();
    };
    if (line.working < this.atOnce) work();
    else line.waiting.add(work);
    return () => {
      if (over) return;
      over = true;
      line.waiting.delete(work);
      if (begun) line.working -= 1;
      const [next] = line.waiting;
      if (next && line.working < this.atOnce) {
        line.waiting.delete(next);
        next();
      } else if (line.working === 0) this.lines.delete(caller);
    };
  }
}
