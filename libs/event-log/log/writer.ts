/**
 * Hides: group commit: all frames that arrive while the disk is busy go into the next write. Promises: frames become durable in the order
 * in which they were added, all of one batch or none; after a failure nothing pending was written. Does not: know streams.
 */
import type { Frame } from './frame';
import { LogUnavailable } from './refusals';
import type { Segments } from './segments';

/** Frames that become durable together. */
export type Batch = { readonly start: number; readonly frames: Frame[]; bytes: number; done?: Deferred };
type Deferred = { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void };

export type WriterEvents = Readonly<{
  committed: (batch: Batch) => void;
  /** Frames of these batches were never written. */
  failed: (frames: Frame[]) => void;
  /** The newest file was closed and another started. */
  rolled: () => void;
  /** The disk began to refuse writes, or (without an error) accepts them again. */
  troubled: (error?: LogUnavailable) => void;
}>;

/** Idle time after which the node records how much is durable, so that later damage cannot be mistaken for a torn write. */
const QUIET_MS = 100;
/** On a disk that is nearly full small writes succeed between refused large ones: it has room only when none was refused for so long. */
const CALM_MS = 5_000;

export class Writer {
  /** Log offset where the next frame goes. */
  tail: number;
  /** Everything before this log offset is durable. */
  committed: number;
  readonly counts = { writes: 0, events: 0, bytes: 0, refused: 0 };
  private troubled = false;
  private refusedAt = 0;
  private batch: Batch | undefined;
  private inFlight: Batch | undefined;
  private running = false;
  private noted = true;
  private quiet: NodeJS.Timeout | undefined;
  /** Completion of the active file was requested. */
  private completing: Deferred | undefined;

  constructor(
    private readonly segments: Segments,
    private readonly segmentSize: number,
    private readonly events: WriterEvents,
    tail: number,
  ) {
    this.tail = this.committed = tail;
  }

  get busy(): boolean {
    return this.running || this.batch !== undefined || this.completing !== undefined;
  }

  /** Adds a frame that was encoded for offset `tail`. */
  add(frame: Frame): void {
    const batch = this.open();
    batch.frames.push(frame);
    batch.bytes += frame.length;
    this.tail += frame.length;
    this.start();
  }

  /** Resolves when everything added so far is durable; undefined if it is already. */
  settled(): Promise<void> | undefined {
    const batch = this.batch ?? this.inFlight;
    if (!batch) return undefined;
    return (batch.done ??= deferred()).promise;
  }

  /** Ends the active file after the writes in flight; resolves when the next one is started. */
  complete(): Promise<void> {
    this.completing ??= deferred();
    this.start();
    return this.completing.promise;
  }

  /** Frames that are not durable yet, oldest first. */
  *pending(): Generator<Frame> {
    if (this.inFlight) yield* this.inFlight.frames;
    if (this.batch) yield* this.batch.frames;
  }

  /** Waits for pending writes and records how much is durable. */
  async close(): Promise<void> {
    clearTimeout(this.quiet);
    while (this.busy) await new Promise((resolve) => setImmediate(resolve));
    clearTimeout(this.quiet);
    await this.segments.settled();
    if (!this.noted) await this.note();
  }

  /** Never writes again. */
  abandon(): void {
    clearTimeout(this.quiet);
    this.running = true;
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
    while (this.batch || this.completing) {
      if (this.completing) await this.completeNow(this.completing);
      const batch: Batch | undefined = this.batch;
      if (!batch) break;
      this.inFlight = batch;
      this.batch = undefined;
      try {
        if (batch.start - this.segments.active!.start >= this.segmentSize) await this.roll(batch.start);
        const later = this.segments.append(gather(batch), batch.start);
        if (later) await later;
      } catch (error) {
        this.fail(batch, error as NodeJS.ErrnoException);
        continue;
      }
      this.committed = batch.start + batch.bytes;
      this.inFlight = undefined;
      this.noted = false;
      this.count(batch);
      this.events.committed(batch);
      batch.done?.resolve();
    }
    this.running = false;
    if (!this.noted) this.quiet = setTimeout(() => void this.note(), QUIET_MS).unref();
  }

  private count({ frames, bytes }: Batch): void {
    this.counts.writes++;
    this.counts.events += frames.length;
    this.counts.bytes += bytes;
    if (!this.troubled || performance.now() - this.refusedAt < CALM_MS) return;
    this.troubled = false;
    this.events.troubled();
  }

  private async roll(start: number): Promise<void> {
    await this.segments.settled();
    this.segments.roll(start);
    this.events.rolled();
  }

  private async completeNow(done: Deferred): Promise<void> {
    this.completing = undefined;
    try {
      await this.roll(this.committed);
      done.resolve();
    } catch (error) {
      done.reject(error as Error);
    }
  }

  /** A record that cannot be written only makes the next recovery less strict. */
  private async note(): Promise<void> {
    this.noted = true;
    await this.segments.noteDurable(this.committed).catch(() => undefined);
  }

  private fail(batch: Batch, error: NodeJS.ErrnoException): void {
    const refused = new LogUnavailable(`The node cannot write: ${error.message}`, error.code);
    const failed = this.batch ? [batch, this.batch] : [batch];
    this.batch = this.inFlight = undefined;
    this.tail = this.committed;
    this.counts.refused++;
    if (!this.troubled) this.events.troubled(refused);
    this.troubled = true;
    this.refusedAt = performance.now();
    this.events.failed(failed.flatMap(({ frames }) => frames));
    for (const { done } of failed) done?.reject(refused);
  }
}

function deferred(): Deferred {
  const done = {} as Deferred;
  done.promise = new Promise((resolve, reject) => Object.assign(done, { resolve, reject }));
  return done;
}

const gather = ({ frames, bytes }: Batch) =>
  frames.length === 1
    ? frames[0]!.buffer
    : Buffer.concat(
        frames.map((frame) => frame.buffer),
        bytes,
      );
