/**
 * Long reads of the log, taken page by page. Hides: calls that pause while pages are buffered, and which of them continues where. Promises:
 * events in log order from exactly the position asked for; a read that hangs fails; bounded memory, however large the events. Does not:
 * know the protocol.
 */
import type { ClientReadableStream } from '@grpc/grpc-js';
import { LogEvent, type Message } from './log-event';

export type Call = ClientReadableStream<Message>;

/** Long reads that may be open at once: one for each view that catches up from another position. */
const CURSORS = 4;
/** How long a long read may be idle before it is closed. */
const IDLE_MS = 5_000;
/** Bytes after which a page ends, however few events it has. */
export const PAGE_BYTES = 8 * 1024 * 1024;

/** True if no event is known after a page that could have held `max` events. */
export function endsLog(events: readonly LogEvent[], max: number): boolean {
  if (events.length >= max) return false;
  let bytes = 0;
  for (const event of events) bytes += event.size;
  return bytes < PAGE_BYTES;
}

/** One long read; it pauses while a page is buffered. */
class Cursor {
  private events: LogEvent[] = [];
  private bytes = 0;
  private wanted = 1;
  private ended = false;
  private failed: Error | undefined;
  /** True once it was closed: its buffer may be incomplete. */
  closed = false;
  private wake: (() => void) | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: Call,
    private readonly after: bigint,
    private readonly timeoutMs: number,
    private readonly idleMs: number,
  ) {
    call.on('data', (message: Message) => {
      // Forward reads of $all include the position that they start from.
      if (!(message instanceof LogEvent) || message.position === this.after) return;
      this.events.push(message);
      this.bytes += message.size;
      if (this.full) this.wake?.();
      if (this.events.length >= 2 * this.wanted || this.bytes >= 2 * PAGE_BYTES) call.pause();
    });
    call.on('end', () => this.end());
    call.on('error', (error: Error) => {
      this.failed ??= error;
      this.end();
    });
    this.rest();
  }

  get over(): boolean {
    return this.ended && this.events.length === 0;
  }

  private get full(): boolean {
    return this.events.length >= this.wanted || this.bytes >= PAGE_BYTES;
  }

  /** The next page; see `endsLog`. */
  async take(max: number): Promise<LogEvent[]> {
    clearTimeout(this.idle);
    this.wanted = max;
    if (this.events.length < 2 * max && this.bytes < 2 * PAGE_BYTES) this.call.resume();
    if (!this.full && !this.ended) await this.more();
    if (this.failed) throw this.failed;
    let count = 0;
    for (let bytes = 0; count < this.events.length && count < max && bytes < PAGE_BYTES; count++) bytes += this.events[count]!.size;
    const page = this.events.splice(0, count);
    for (const event of page) this.bytes -= event.size;
    if (!this.ended) this.rest();
    return page;
  }

  /** A cancelled call ends only after everything that it has received was consumed. */
  close(): void {
    this.closed = true;
    clearTimeout(this.idle);
    this.call
      .removeAllListeners('data')
      .on('data', () => undefined)
      .resume();
    this.call.cancel();
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.failed = new Error(`the store has sent nothing for ${this.timeoutMs} ms`);
        this.close();
        this.wake?.();
      }, this.timeoutMs);
      this.wake = () => {
        clearTimeout(late);
        this.wake = undefined;
        resolve();
      };
    });
  }

  private rest(): void {
    this.idle = setTimeout(() => this.close(), this.idleMs).unref();
  }

  private end(): void {
    this.ended = true;
    clearTimeout(this.idle);
    this.wake?.();
  }
}

/** The long reads of one client. */
export class Cursors {
  /** By the position that they have reached. */
  private readonly open = new Map<bigint, Cursor>();
  private closings = 0;

  /** @param begin starts a call that reads from a position to the end of the log */
  constructor(
    private readonly begin: (after: bigint) => Promise<Call>,
    private readonly timeoutMs: number,
    private readonly idleMs = IDLE_MS,
  ) {}

  /** True if a read has reached exactly this position. */
  has(after: bigint): boolean {
    return this.open.has(after);
  }

  /** The page after a position, from a read that has reached it or from a new one. */
  async take(after: bigint, max: number): Promise<LogEvent[]> {
    const before = this.closings;
    const known = this.open.get(after);
    this.open.delete(after);
    const cursor = known && !known.closed ? known : new Cursor(await this.begin(after), after, this.timeoutMs, this.idleMs);
    const events = await cursor.take(max);
    if (cursor.over || events.length === 0) return events;
    if (this.closings !== before) cursor.close();
    else this.keep(events.at(-1)!.position, cursor);
    return events;
  }

  close(): void {
    this.closings++;
    for (const cursor of this.open.values()) cursor.close();
    this.open.clear();
  }

  private keep(position: bigint, cursor: Cursor): void {
    for (const [at, oldest] of this.open) {
      if (this.open.size < CURSORS) break;
      this.open.delete(at);
      oldest.close();
    }
    this.open.set(position, cursor);
  }
}
