/**
 * One thing at a time per name. Hides: the waiting. Promises: turns in the order of arrival; a failed turn holds nobody up. Does not: reach
 * beyond this app.
 */
export class Lines {
  /** Those who wait behind the current turn, per name. */
  private readonly waiting = new Map<string, (() => void)[]>();

  /** Joins the line. Resolves when it is one's turn; undefined if it is already. Call `leave` after it, whatever happened. */
  join(name: string): Promise<void> | undefined {
    const line = this.waiting.get(name);
    if (line) return new Promise<void>((resolve) => line.push(resolve));
    this.waiting.set(name, []);
    return undefined;
  }

  leave(name: string): void {
    const next = this.waiting.get(name)!.shift();
    if (next) next();
    else this.waiting.delete(name);
  }
}
