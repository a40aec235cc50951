/**
 * Hides: group commit: all frames that arrive while the disk is busy go out in its next write.
 * Promises: frames become durable in the order in which they were added, all of one batch or none; after a failure nothing that was
 * pending has happened.
 * Does not: know streams.
 */
import { encodeMark, type Frame } from './frame';
import { LogUnavailable } from './refusals';
import type { Segments } from './segments';

/** Frames that become durable together. */
export type Batch = { readonly start: number; readonly frames: Frame[]; bytes: number; done?: Deferred };
type Deferred = { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void };

export type WriterEvents = Readonly<{
  committed: (batch: Batch) => void;
  /** Frames of these batches were never written. */
  failed: (frames: Frame[]) => void;
  /** The newest file was closed and another begun. */
  rolled: () => void;
}>;

/** Quiet time after which the node notes that all it wrote is durable, so that later damage to it cannot pass for a torn write. */
const QUIET_MS = 100;

export class Writer {
  /** Log offset where the next frame goes. */
  tail: number;
  /** All before this log offset is durable. */
  committed: number;
  private batch: Batch | undefined;
  private inFlight: Batch | undefined;
  private running = false;
  private marked = true;
  private quiet: NodeJS.Timeout | undefined;

  constructor(
    private readonly segments: Segments,
    private readonly segmentSize: number,
    private readonly events: WriterEvents,
    tail: number,
  ) {
    this.tail = this.committed = tail;
  }

  get busy(): boolean {
    return this.running || this.batch !== undefined;
  }

  /** Takes a frame that was encoded for offset `tail`. */
  add(frame: Frame): void {
    const batch = this.open();
    batch.frames.push(frame);
    batch.bytes += frame.length;
    this.tail += frame.length;
    this.start();
  }

  /** Resolves when everything added so far is durable; undefined if it is so already. */
  settled(): Promise<void> | undefined {
    const batch = this.batch ?? this.inFlight;
    if (!batch) return undefined;
    if (!batch.done) {
      const done = {} as Deferred;
      done.promise = new Promise((resolve, reject) => Object.assign(done, { resolve, reject }));
      batch.done = done;
    }
    return batch.done.promise;
  }

  /** Frames that are not durable yet, oldest first. */
  *pending(): Generator<Frame> {
    if (this.inFlight) yield* this.inFlight.frames;
    if (this.batch) yield* this.batch.frames;
  }

  /** Waits for what is pending and leaves a mark behind it. */
  async close(): Promise<void> {
    clearTimeout(this.quiet);
    await this.settled()?.catch(() => undefined);
    while (this.busy) await new Promise((resolve) => setImmediate(resolve));
    if (!this.marked) this.mark();
    await this.settled()?.catch(() => undefined);
    while (this.busy) await new Promise((resolve) => setImmediate(resolve));
  }

  private open(): Batch {
    return (this.batch ??= { start: this.tail, frames: [], bytes: 0 });
  }

  private start(): void {
    if (this.running) return;
    this.running = true;
    clearTimeout(this.quiet);
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    while (this.batch) {
      const batch: Batch = this.batch;
      this.inFlight = batch;
      this.batch = undefined;
      try {
        if (batch.start - this.segments.active!.start >= this.segmentSize) {
          this.segments.roll(batch.start);
          this.events.rolled();
        }
        await this.segments.append(gather(batch), batch.start);
      } catch (error) {
        this.fail(batch, error as NodeJS.ErrnoException);
        continue;
      }
      this.committed = batch.start + batch.bytes;
      this.inFlight = undefined;
      this.marked = batch.frames.length === 1 && batch.frames[0]!.id.equals(NO_ID);
      this.events.committed(batch);
      batch.done?.resolve();
    }
    this.running = false;
    if (!this.marked) this.quiet = setTimeout(() => this.mark(), QUIET_MS).unref();
  }

  private mark(): void {
    if (!this.busy) this.add(encodeMark(this.tail, this.committed, Date.now()));
  }

  private fail(batch: Batch, error: NodeJS.ErrnoException): void {
    const refused = new LogUnavailable(`The node cannot write: ${error.message}`, error.code);
    const failed = this.batch ? [batch, this.batch] : [batch];
    this.batch = this.inFlight = undefined;
    this.tail = this.committed;
    this.events.failed(failed.flatMap(({ frames }) => frames));
    for (const { done } of failed) done?.reject(refused);
  }
}

const NO_ID = Buffer.alloc(16);
const gather = ({ frames, bytes }: Batch) =>
  frames.length === 1
    ? frames[0]!.buffer
    : Buffer.concat(
        frames.map((frame) => frame.buffer),
        bytes,
      );
