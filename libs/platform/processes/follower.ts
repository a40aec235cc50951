/**
 * The log, read once for all processes of a worker. Hides: paging, wake-ups, the position of each process. Promises: each process gets all its
 * inputs, in order, from its own position on; events that concern no process are not even parsed; bounded: reading pauses while too many inputs
 * wait. Does not: store anything.
 */
import { isOfStore, type Recorded, type Upcasts } from '#kernel/event';
import { endsLog } from '#platform/store/log-cursor';
import type { LogEvent } from '#platform/store/log-event';
import type { LogReader } from '#platform/store/log-reader';
import type { Lane } from './lane';
import { OPERATOR_EVENTS } from './record';
import type { Slots } from './slots';

const PAGE = 1_024;
/** Reading pauses when this many inputs wait, and continues when they are down to the second number. */
const MOST_QUEUED = 4_096;
const FEW_QUEUED = 1_024;
/** While this many inputs wait, pages are not read more often than this: each read has a price, and those inputs come first. */
const BUSY_QUEUED = 16;
const BUSY_MS = 10;

export type FollowerParts = Readonly<{
  log: LogReader;
  upcasts: Upcasts;
  /** The processes that take inputs now. */
  lanes: () => readonly Lane[];
  slots: Slots;
  /** An operator may have stopped a process. */
  onControl: () => void;
  onFault: (error: unknown) => void;
  pollMs: number;
}>;

export class Follower {
  private readonly stopping = new AbortController();
  private rung = false;
  private wake: () => void = () => undefined;
  private readonly waiting = new Set<() => void>();
  private readAt = -Infinity;

  constructor(private readonly parts: FollowerParts) {}

  /** Reads until `stop`; after a fault it restarts from the positions of the processes. */
  async run(): Promise<void> {
    void this.listen();
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        const moved = await this.page();
        failures = 0;
        if (!moved) await this.sleep(this.parts.pollMs);
      } catch (error) {
        this.parts.onFault(error);
        await this.sleep(Math.random() * Math.min(2_000, 50 * 2 ** failures++), true);
      }
    }
  }

  stop(): void {
    this.stopping.abort();
    this.ring();
  }

  /** There may be something new to read, or another position to read from. */
  ring(): void {
    this.rung = true;
    this.wake();
  }

  /** Resolves once a process was handed everything up to a position of the log, or no longer takes inputs. */
  handedOut(lane: Lane, position: bigint): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (lane.takes && !this.stopping.signal.aborted && lane.water.handedOut < position) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
      if (this.waiting.has(look)) this.ring();
    });
  }

  /** Reads and hands out one page. False if there was nothing. */
  private async page(): Promise<boolean> {
    const { slots } = this.parts;
    if (slots.queued > MOST_QUEUED) while (slots.queued > FEW_QUEUED && !this.stopping.signal.aborted) await this.sleep(10, true);
    const early = BUSY_MS - (performance.now() - this.readAt);
    if (slots.queued > BUSY_QUEUED && early > 1) await this.sleep(early, true);
    this.readAt = performance.now();
    this.rung = false;
    const lanes = this.parts.lanes();
    if (lanes.length === 0) return false;
    const after = lanes.map(({ water }) => water.handedOut).reduce((least, position) => (position < least ? position : least));
    const events = await this.parts.log.readAll(after, PAGE);
    const last = events.at(-1);
    if (last === undefined) return false;
    for (const event of events) if (!isOfStore(event)) this.handOut(event, lanes);
    for (const lane of lanes) lane.water.pass(last.position);
    for (const look of [...this.waiting]) look();
    return !endsLog(events, PAGE) || this.rung;
  }

  /** False for most events, for example those that the engine writes: they are passed with the next page. */
  private concerns({ type }: LogEvent): boolean {
    return isControl(type) || this.parts.lanes().some(({ definitions }) => definitions.events.has(type));
  }

  private handOut(event: LogEvent, lanes: readonly Lane[]): void {
    let recorded: Recorded | undefined;
    for (const lane of lanes) {
      if (event.position <= lane.water.handedOut || !lane.takes) continue;
      if (lane.definitions.events.has(event.type)) lane.take((recorded ??= this.recorded(event)));
    }
    if (OPERATOR_EVENTS.has(event.type)) {
      const [lane] = lanes.filter(({ name }) => event.stream.startsWith(`${name}-`)).sort((a, b) => b.name.length - a.name.length);
      if (lane?.takes && event.position > lane.water.handedOut) lane.look(event.stream.slice(lane.name.length + 1), event.position);
    }
    if (event.type === 'ProcessStopped') this.parts.onControl();
  }

  /** An unreadable event is handed out empty: no definition can correlate it, so it is parked instead of being skipped silently. */
  private recorded(event: LogEvent): Recorded {
    try {
      const recorded = event.recorded(this.parts.upcasts);
      void recorded.metadata;
      return recorded;
    } catch {
      const { id, type, stream, revision, position, recordedAt } = event;
      return { id, type, stream, revision, position, recordedAt, data: undefined as never, metadata: {} as never };
    }
  }

  private async listen(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.parts.log
        .subscribe((event) => (event === undefined || this.concerns(event)) && this.ring(), this.stopping.signal)
        .catch(() => undefined);
      if (!this.stopping.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 200).unref());
    }
  }

  private sleep(ms: number, deaf = false): Promise<void> {
    if (this.rung && !deaf) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.wake = () => undefined;
        resolve();
      }, ms);
      if (deaf) return;
      this.wake = () => {
        clearTimeout(timer);
        this.wake = () => undefined;
        resolve();
      };
    });
  }
}

const isControl = (type: string): boolean => OPERATOR_EVENTS.has(type) || type === 'ProcessStopped';
