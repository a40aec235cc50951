/**
 * The revision guard of one view: each event once and each stream without a hole, whatever the reads delivered. Hides: the memory of streams.
 * Promises: an event is admitted exactly once and in the order of its stream; a hole is filled from the store first. Events repeated or displaced
 * by up to `WINDOW` places are recognised even after a crash, because the window is stored with the checkpoint. Does not: reorder committed
 * events; an event that arrives late in rows shared by streams is reported as `late`.
 */
import { nameAsText, nameOfText } from './shape';
import type { LogEvent } from '#platform/store/log-event';
import { STREAMS } from '#platform/store/names';

/** Number of newest events that a checkpoint remembers. */
export const WINDOW = 64;
const REMEMBERED = 20_000;
const AT_ONCE = 1_000;
const INTRODUCED = 64;

export type ReadStream = (stream: string, from: bigint, max: number) => Promise<LogEvent[]>;
/** What the window stores per event; `id` is empty if an older release stored it. */
type Seen = Pick<LogEvent, 'position' | 'stream' | 'revision' | 'id'>;

/** The log is not the one that the view was folded from. */
export class OtherLog extends Error {
  /** @param copy whether it is a copy of that log: all folded events are there, at other positions */
  constructor(
    why: string,
    readonly copy = false,
  ) {
    super(`the log is not the one that was folded: ${why}`);
  }
}
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class RevisionGuard {
  #known = new LastRevisions();
  #numbering: number | undefined;
  #window: Seen[];
  #floor: bigint;
  #position: bigint;
  /** Holes filled, repetitions dropped, and events that arrived late. */
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
      const [at, revision, ...rest] = line.split(' ');
      const id = rest.length > 1 && UUID.test(rest[0]!) ? rest.shift()! : '';
      return { position: BigInt(at!), revision: BigInt(revision!), stream: nameOfText(rest.join(' ')), id };
    });
    this.#recall();
  }

  #recall(): void {
    for (const { stream, revision } of this.#window) this.#known.set(stream, -1, revision);
  }

  /** The last revision of the event's stream. After streams were renumbered, entries by number are invalid: only the window counts. */
  #last({ stream, streamNumber }: LogEvent): bigint | undefined {
    if (streamNumber >= 0) {
      const numbering = Math.trunc(streamNumber / STREAMS);
      if (numbering !== this.#numbering) {
        if (this.#numbering !== undefined) {
          this.#known = new LastRevisions();
          this.#recall();
        }
        this.#numbering = numbering;
      }
    }
    return this.#known.get(stream, streamNumber);
  }

  /** Where to read from after a restart: everything that the window has dropped is at or before this position. */
  get floor(): bigint {
    return this.#floor;
  }

  /** The window as it is stored with the checkpoint. */
  get stored(): string {
    const line = ({ position, revision, stream, id }: Seen) =>
      `${position} ${revision} ${UUID.test(id) ? `${id} ` : ''}${nameAsText(stream)}`;
    return [this.#floor, ...this.#window.map(line)].join('\n');
  }

  /**
   * Throws `OtherLog` if the log is not the one read before, for example after the store was replaced or restored from an older copy. The newest
   * folded events must still be at their positions; streams truncated or deleted meanwhile prove nothing.
   */
  async recognise(last: () => Promise<Pick<Seen, 'position'> | undefined>): Promise<void> {
    for (const seen of this.#window.slice(-WINDOW).reverse()) if (await this.#isThere(seen)) return;
    const newest = this.#window.at(-1);
    const end = (await last())?.position ?? -1n;
    if (newest && end < newest.position)
      throw new OtherLog(`it ends at position ${end}, and the view holds an event from position ${newest.position}`);
  }

  /** True if the store has the event as it was folded, false if its stream was truncated or deleted. */
  async #isThere({ stream, revision, position, id }: Seen): Promise<boolean> {
    const name = `event ${revision} of ${stream}`;
    const [there] = await this.readStream(stream, revision, 2);
    if (there?.revision === revision) {
      if (there.position !== position)
        throw new OtherLog(`${name} is at position ${there.position}, and was at ${position} when it was folded`, there.id === id);
      if (id && there.id !== id) throw new OtherLog(`${name} has id ${there.id}, and had ${id} when it was folded`);
      return true;
    }
    if (there || revision === 0n) return false;
    const [before] = await this.readStream(stream, revision - 1n, 2);
    if (before) throw new OtherLog(`${name} was folded, and the stream ends before it`);
    return false;
  }

  /** The new events of a page, in order, including those that were missing before them. */
  async admit(events: readonly LogEvent[], through: bigint): Promise<LogEvent[]> {
    const ordered = inOrder(events);
    const regular = this.#regular(ordered);
    const admitted = ordered.slice(0, regular);
    if (regular < ordered.length) await this.#admitSlowly(ordered.slice(regular), admitted);
    if (through > this.#position) this.#position = through;
    this.#forget(WINDOW);
    return admitted;
  }

  /** Records the events up to the first that is not simply the next of its stream, and returns their number. */
  #regular(ordered: readonly LogEvent[]): number {
    for (let i = 0; i < ordered.length; i++) {
      const event = ordered[i]!;
      const known = this.#last(event);
      if (known === undefined ? event.revision !== 0n || event.position <= this.#floor : known !== event.previous) return i;
      this.#note(event);
    }
    return ordered.length;
  }

  async #admitSlowly(ordered: readonly LogEvent[], admitted: LogEvent[]): Promise<void> {
    await this.#introduce(ordered);
    for (const event of ordered) {
      const known = this.#last(event);
      if (known === undefined ? event.position <= this.floor : event.revision <= known) {
        this.counts.repeated++;
        continue;
      }
      if (known !== undefined && event.previous > known) await this.#fill(event, known + 1n, admitted);
      this.#note(event);
      admitted.push(event);
    }
  }

  /**
   * A stream that is new here and does not start at its beginning: its previous event must lie before the window, otherwise it was left out. If
   * there are many at once, it is a catch-up, where asking for each stream would cost more than the read; a page of the store has no holes.
   */
  async #introduce(ordered: readonly LogEvent[]): Promise<void> {
    const strangers = new Map<string, LogEvent>();
    for (const event of ordered) {
      if (this.#last(event) !== undefined || event.position <= this.#floor) continue;
      if (!strangers.has(event.stream)) strangers.set(event.stream, event);
      if (strangers.size > 4 * INTRODUCED) return;
    }
    const asked = [...strangers.values()].filter(({ revision }) => revision > 0n);
    if (asked.length > INTRODUCED) return;
    await Promise.all(
      asked.map(async ({ stream, revision, streamNumber }) => {
        const [before] = await this.readStream(stream, revision - 1n, 1);
        if (before?.revision !== revision - 1n || before.position <= this.#floor) return;
        // Goes back to the beginning of the window to find how much of the stream is missing.
        let first = before;
        while (first.revision > 0n) {
          const [earlier] = await this.readStream(stream, first.revision - 1n, 1);
          if (earlier?.revision !== first.revision - 1n || earlier.position <= this.#floor) break;
          first = earlier;
        }
        this.#known.set(stream, streamNumber, first.revision - 1n);
      }),
    );
  }

  async #fill(event: LogEvent, from: bigint, admitted: LogEvent[]): Promise<void> {
    let revision = from;
    while (revision < event.revision) {
      const missing = event.revision - revision;
      const page = await this.readStream(event.stream, revision, missing < AT_ONCE ? Number(missing) : AT_ONCE);
      const before = page.filter((found) => found.revision >= revision && found.revision < event.revision);
      // A truncated stream no longer has these revisions: this is not a hole.
      if (before.length === 0) return;
      for (const found of before) {
        this.counts.filled++;
        found.streamNumber = event.streamNumber;
        this.#note(found);
        admitted.push(found);
        revision = found.revision + 1n;
      }
    }
  }

  #note(event: LogEvent): void {
    if (event.position <= this.#position) this.counts.late++;
    this.#known.set(event.stream, event.streamNumber, event.revision);
    this.#window.push(event);
    if (this.#window.length > 32 * WINDOW) this.#forget(WINDOW);
  }

  #forget(keep: number): void {
    const forgotten = this.#window.length - keep;
    for (let i = 0; i < forgotten; i++) if (this.#window[i]!.position > this.#floor) this.#floor = this.#window[i]!.position;
    if (forgotten > 0) this.#window = this.#window.slice(forgotten);
  }
}

/**
 * Like `RevisionGuard.recognise`, but also compares the marks of the logs if known: all folded events may have been deleted, or may by chance be
 * at the same positions. @throws OtherLog
 */
export async function recogniseLog(
  guard: RevisionGuard,
  folded: string | undefined,
  mark: string | undefined,
  last: () => Promise<Pick<Seen, 'position'> | undefined>,
): Promise<void> {
  await guard.recognise(last);
  if (folded !== undefined && mark !== undefined && folded !== mark) throw new OtherLog(`its mark is ${mark}, and was ${folded}`, true);
}

/** The last revision of each recently seen stream, in bounded memory: by the feed's number if there is one, else by name. */
class LastRevisions {
  readonly #numbers = new Int32Array(STREAMS).fill(-1);
  readonly #revisions = new Array<bigint>(STREAMS).fill(0n);
  /** Two generations, so that memory is bounded without tracking each use. */
  #young = new Map<string, bigint>();
  #old = new Map<string, bigint>();

  get(stream: string, number: number): bigint | undefined {
    const slot = number & (STREAMS - 1);
    if (number >= 0 && this.#numbers[slot] === number) return this.#revisions[slot];
    return this.#young.size + this.#old.size > 0 ? (this.#young.get(stream) ?? this.#old.get(stream)) : undefined;
  }

  set(stream: string, number: number, revision: bigint): void {
    if (number >= 0) {
      const slot = number & (STREAMS - 1);
      this.#numbers[slot] = number;
      this.#revisions[slot] = revision;
      return;
    }
    this.#young.set(stream, revision);
    if (this.#young.size < REMEMBERED) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** Pages that were found in order: all views get the same pages. */
const sound = new WeakSet<readonly LogEvent[]>();

/** By position, each once; most pages are in order already. */
function inOrder(events: readonly LogEvent[]): readonly LogEvent[] {
  if (sound.has(events)) return events;
  if (events.every((event, i) => i === 0 || events[i - 1]!.position < event.position)) {
    sound.add(events);
    return events;
  }
  const sorted = [...events].sort((a, b) => (a.position < b.position ? -1 : a.position > b.position ? 1 : 0));
  return sorted.filter((event, i) => i === 0 || sorted[i - 1]!.position !== event.position);
}
