/**
 * One thing at a time per name. Hides: the waiting. Promises: turns in the order of arrival; a failed turn holds nobody up. Does not: reach
 * beyond this app.
 */
export class Lines {
  /** Those who wait behind the current turn, per name. */
  private readonly waiting = new Map<string, (() => void)[]>();

  async inLine<T>(name: string, run: () => Promise<T>): Promise<T> {
    const line = this.waiting.get(name);
    if (line) await new Promise<void>((resolve) => line.push(resolve));
    else this.waiting.set(name, []);
    try {
      return await run();
    } finally {
      const next = this.waiting.get(name)!.shift();
      if (next) next();
      else this.waiting.delete(name);
    }
  }
}
