/** Runs jobs side by side in a bounded number of lanes; jobs with the same key run one after the other, in the order they came. */
export class Lanes {
  private readonly tails: Promise<void>[];
  private waiting = 0;
  private wake: (() => void) | undefined;
  private fault: { error: unknown } | undefined;

  constructor(
    lanes: number,
    /** Jobs that may wait or run before `add` waits, too. */
    private readonly window: number,
  ) {
    this.tails = Array.from({ length: lanes }, () => Promise.resolve());
  }

  /** Resolves when there is room for more. Throws what an earlier job threw: nothing runs after a fault. */
  async add(key: string, job: () => Promise<void>): Promise<void> {
    while (this.waiting >= this.window && !this.fault) await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.fault) throw this.fault.error;
    this.waiting += 1;
    const lane = hash(key) % this.tails.length;
    this.tails[lane] = this.tails[lane]!.then(async () => {
      try {
        if (!this.fault) await job();
      } catch (error) {
        this.fail(error);
      } finally {
        this.waiting -= 1;
        this.wake?.();
      }
    });
  }

  /** Nothing more is begun; the next `add` or `idle` throws it. */
  fail(error: unknown): void {
    this.fault ??= { error };
    this.wake?.();
  }

  /** Resolves when all jobs are done. */
  async idle(): Promise<void> {
    await Promise.all(this.tails);
    if (this.fault) throw this.fault.error;
  }
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
