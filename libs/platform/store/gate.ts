/**
 * Limits how many callers proceed at once. Hides: the queue. Promises: first come, first served; a queue of bounded length in which nobody
 * waits beyond their time limit. Does not: know what it guards.
 */
import { StoreUnavailable } from './refusals';

/** How many may wait. */
const LINE = 4_096;

export class Gate {
  private free: number;
  private readonly line = new Set<() => void>();

  constructor(
    places: number,
    private readonly what: string,
    private readonly longest = LINE,
  ) {
    this.free = places;
  }

  /** Resolves with a function that frees the place; call it once. @throws StoreUnavailable if it takes too long */
  async enter(limitMs: number): Promise<() => void> {
    if (!this.enterNow()) await this.wait(limitMs);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.leave();
    };
  }

  /** Runs something in a place of its own; costs one promise if a place is free. @throws StoreUnavailable if none is in time */
  through<T>(limitMs: number, run: () => Promise<T>): Promise<T> {
    return this.enterNow() ? this.placed(run) : this.wait(limitMs).then(() => this.placed(run));
  }

  private placed<T>(run: () => Promise<T>): Promise<T> {
    const failed = (error: unknown): never => {
      this.leave();
      throw error;
    };
    try {
      return run().then((result) => {
        this.leave();
        return result;
      }, failed);
    } catch (error) {
      return failed(error);
    }
  }

  private enterNow(): boolean {
    if (this.free === 0) return false;
    this.free -= 1;
    return true;
  }

  private leave(): void {
    const [next] = this.line;
    if (!next) this.free += 1;
    else {
      this.line.delete(next);
      next();
    }
  }

  private wait(limitMs: number): Promise<void> {
    if (this.line.size >= this.longest)
      return Promise.reject(new StoreUnavailable(new Error(`${this.longest} ${this.what} are waiting already; nothing was sent`)));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.line.delete(enter);
        reject(new StoreUnavailable(new Error(`too many ${this.what} before this one; nothing was sent`)));
      }, limitMs);
      const enter = () => {
        clearTimeout(late);
        resolve();
      };
      this.line.add(enter);
    });
  }
}
