/**
 * One thing at a time by name. Hides: the waiting. Promises: turns in the order of arrival; a turn that fails holds nobody up.
 * Does not: reach beyond this OS process.
 */
export class Lines {
  private readonly last = new Map<string, Promise<unknown>>();

  async inLine<T>(name: string, run: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    this.last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.last.get(name) === settled) this.last.delete(name);
    }
  }
}
