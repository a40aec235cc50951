/**
 * The revision guard of one view: each event once and each stream without a hole, whatever the reads delivered. Hides: the memory of
 * streams. Promises: an event is admitted exactly once and in the order of its stream; a hole is filled from the store first. Events that
 * were repeated or displaced by up to `WINDOW` places are recognised even after a crash, because the window is stored with the checkpoint.
 * Does not: reorder what has been committed; an event that comes late to rows shared by streams is reported as `late`.
 */
import type { LogEvent } from './view-wire';

/** How many of the newest events a checkpoint remembers. */
export const WINDOW = 64;
const REMEMBERED = 20_000;
const AT_ONCE = 1_000;

export type ReadStream = (stream: string, from: bigint, max: number) => Promise<LogEvent[]>;
type Seen = Readonly<{ position: bigint; stream: string; revision: bigint }>;

export class RevisionGuard {
  /** Two generations, so that memory is bounded without a list of uses. */
  #young = new Map<string, bigint>();
  #old = new Map<string, bigint>();
  #window: Seen[];
  #floor: bigint;
  #position: bigint;
  /** Holes that had to be filled, repetitions dropped, and events that came after their place. */
  readonly counts = { filled: 0, repeated: 0, late: 0 };

  constructor(
    position: bigint,
    stored: string,
    private readonly readStream: ReadStream,
  ) {
    this.#position = position;
    const [floor, ...lines] = stored ? stored.split('\n') : [position.toString()];
    this.#floor = BigInt(floor!);
    this.#window = lines.map((line) => {
      const [at, revision, ...stream] = line.split(' ');
      return { position: BigInt(at!), revision: BigInt(revision!), stream: stream.join(' ') };
    });
    for (const { stream, revision } of this.#window) this.#remember(stream, revision);
  }

  /** Where to read from again after a restart: what the window has forgotten is at or before it. */
  get floor(): bigint {
    return this.#floor;
  }

  /** The window as it is stored with the checkpoint. */
  get stored(): string {
    return [this.#floor, ...this.#window.map(({ position, revision, stream }) => `${position} ${revision} ${stream}`)].join('\n');
  }

  /** The events of a page that are new, in order, with what was missing before them. */
  async admit(events: readonly LogEvent[], through: bigint): Promise<LogEvent[]> {
    const admitted: LogEvent[] = [];
    for (const event of inOrder(events)) {
      const known = this.#young.get(event.stream) ?? this.#old.get(event.stream);
      if (known === undefined ? event.position <= this.floor : event.revision <= known) {
        this.counts.repeated++;
        continue;
      }
      if (known !== undefined && event.revision > known + 1n) await this.#fill(event, known + 1n, admitted);
      this.#admit(event, admitted);
    }
    if (through > this.#position) this.#position = through;
    this.#forget(WINDOW);
    return admitted;
  }

  async #fill(event: LogEvent, from: bigint, admitted: LogEvent[]): Promise<void> {
    let revision = from;
    while (revision < event.revision) {
      const missing = event.revision - revision;
      const page = await this.readStream(event.stream, revision, missing < AT_ONCE ? Number(missing) : AT_ONCE);
      const before = page.filter((found) => found.revision >= revision && found.revision < event.revision);
      // A stream that was truncated has no such revisions any more: the hole is meant.
      if (before.length === 0) return;
      for (const found of before) {
        this.counts.filled++;
        this.#admit(found, admitted);
        revision = found.revision + 1n;
      }
    }
  }

  #admit(event: LogEvent, admitted: LogEvent[]): void {
    if (event.position <= this.#position) this.counts.late++;
    this.#remember(event.stream, event.revision);
    this.#window.push({ position: event.position, stream: event.stream, revision: event.revision });
    if (this.#window.length > 8 * WINDOW) this.#forget(WINDOW);
    admitted.push(event);
  }

  #forget(keep: number): void {
    const forgotten = this.#window.length - keep;
    for (let i = 0; i < forgotten; i++) if (this.#window[i]!.position > this.#floor) this.#floor = this.#window[i]!.position;
    if (forgotten > 0) this.#window = this.#window.slice(forgotten);
  }

  #remember(stream: string, revision: bigint): void {
    this.#young.set(stream, revision);
    if (this.#young.size < REMEMBERED) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** By position, each once; the usual page is in order already. */
function inOrder(events: readonly LogEvent[]): readonly LogEvent[] {
  if (events.every((event, i) => i === 0 || events[i - 1]!.position < event.position)) return events;
  const sorted = [...events].sort((a, b) => (a.position < b.position ? -1 : a.position > b.position ? 1 : 0));
  return sorted.filter((event, i) => i === 0 || sorted[i - 1]!.position !== event.position);
}
