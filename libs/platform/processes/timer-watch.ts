/**
 * Polls for due timers. Hides: polling. Promises: a timer fires within half a second of being due by the database's clock, but only after
 * everything that was in the log when it was found due: a plant that comes back online reports an abort and its end at once, and the timer
 * between them must not fire. Does not: decide whether a timer is still valid (its instance does).
 */
import type { Lane } from './lane';
import type { DueTimer, Timers } from './timers';

export type TimerWatchParts = Readonly<{
  timers: Timers;
  lanes: () => readonly Lane[];
  /** The end of the log as it is now. */
  head: () => Promise<bigint>;
  /** Resolves once a process was handed everything up to a position. */
  handedOut: (lane: Lane, position: bigint) => Promise<void>;
  onFault: (error: unknown) => void;
  pollMs: number;
}>;

/** Longest time between two rounds, if nothing wakes the worker sooner. */
export const TIMER_POLL_MS = 500;
/** Timers that one round finds at most; the next one finds the others. */
const MOST = 2_048;
/** After a full round, if fewer than this many are firing, the next one comes after 20 ms. */
const FEW = 4_096;

export class TimerWatch {
  private stopped = false;
  private wakeUp: () => void = () => undefined;
  /** Processes whose due timers wait for the log. */
  private readonly gated = new Set<Lane>();

  constructor(private readonly parts: TimerWatchParts) {}

  async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.sleep(await this.round());
      } catch (error) {
        this.parts.onFault(error);
        await this.sleep(this.parts.pollMs);
      }
    }
  }

  stop(): void {
    this.stopped = true;
    this.wakeUp();
  }

  /** Polls now. */
  wake(): void {
    this.wakeUp();
  }

  /** Returns the milliseconds until the next poll. */
  private async round(): Promise<number> {
    const { timers, pollMs, head: end } = this.parts;
    const lanes = this.parts.lanes().filter((lane) => !this.gated.has(lane));
    if (lanes.length === 0) return pollMs;
    const { due, nextMs, now } = await timers.due(lanes.map(({ name }) => name));
    const found: DueTimer[] = [];
    for await (const page of due) {
      found.push(...page.filter((timer) => !lanes.find(({ name }) => name === timer.process)!.fires(timer)));
      if (found.length >= MOST) break;
    }
    if (found.length > 0) {
      const head = await end();
      for (const lane of lanes) {
        const mine = found.filter(({ process }) => process === lane.name);
        if (mine.length > 0) void this.fire(lane, mine, head, now);
      }
    }
    const firing = lanes.reduce((sum, lane) => sum + lane.firing, 0);
    return found.length >= MOST && firing < FEW ? 20 : Math.max(5, Math.min(pollMs, nextMs ?? pollMs));
  }

  private async fire(lane: Lane, due: readonly DueTimer[], head: bigint, now: string): Promise<void> {
    this.gated.add(lane);
    await this.parts.handedOut(lane, head);
    this.gated.delete(lane);
    if (lane.takes) for (const timer of due) lane.fire(timer, now);
    this.wakeUp();
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.stopped) this.wakeUp();
    });
  }
}
