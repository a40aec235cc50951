/**
 * Snapshots of long streams: a fold continues from them instead of starting at the first event. The callers (commands/past.ts,
 * processes/memory.ts) decide how often one is written. Hides: their streams, and that only the newest is kept. Promises: a snapshot that
 * is absent, damaged, or made by other code costs only time; writing one never delays or fails its caller. Does not: know what is folded; a
 * state that is not plain JSON, or is large, gets no snapshot.
 */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { metadataOf } from './metadata';
import { Conflict, type EventStore } from './event-store';

/** The state folded from a stream up to a revision. Valid only if the stream's event at that revision has that id. */
export type Snapshot = Readonly<{
  revision: bigint;
  lastId: string;
  body: unknown;
  /** Fingerprint of the code that folded it (runtime/build.ts). */
  code: string;
}>;

/** Types that begin with $ are not business events: views, processes and the audit trail do not see them. */
const TYPE = '$snapshot';
const LARGEST_BYTES = 512 * 1024;
const MOST_REMEMBERED = 10_000;
type Content = Readonly<{ code: string; revision: string; lastId: string; body: unknown }>;
/** `digest` is of the other fields: a snapshot that was damaged, or written by somebody else, is not used. */
type Stored = Content & Readonly<{ digest: string }>;

const streamOf = (stream: string): string => `snapshot-${stream}`;

export class Snapshots {
  private readonly writing = new Map<string, Promise<void>>();
  /** Streams whose state got none, and at which revision: they are tried again when they are twice as long. */
  private readonly omitted = new Map<string, bigint>();

  constructor(private readonly store: EventStore) {}

  /**
   * The newest snapshot of a stream, if it was written by the code that folds it today, and into this log (a body may hold positions of the log).
   * @throws StoreUnavailable
   */
  async newest(stream: string, codeFor: (body: unknown) => string | undefined): Promise<Snapshot | undefined> {
    const [found] = await this.store.readBackwards(streamOf(stream), 1);
    const stored = found?.type === TYPE ? (found.data as Stored) : undefined;
    if (!stored || found!.copied || !isWhole(stored) || stored.code !== codeFor(stored.body)) return undefined;
    return { revision: BigInt(stored.revision), lastId: stored.lastId, body: stored.body, code: stored.code };
  }

  /**
   * Writes a snapshot in the background, unless one of the same stream is being written. `first` is done before, e.g. writing what it refers to.
   */
  keep(stream: string, { revision, lastId, body, code }: Snapshot, first: () => Promise<unknown> = async () => undefined): void {
    if (this.writing.has(stream) || revision < 2n * (this.omitted.get(stream) ?? 0n)) return;
    const work = new Promise((resolve) => setImmediate(resolve))
      .then(first)
      .then(() => this.write(stream, { code, revision: String(revision), lastId, body }))
      // Any failure is harmless: the stream itself is complete.
      .catch(() => undefined)
      .finally(() => this.writing.delete(stream));
    this.writing.set(stream, work);
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.writing.values());
  }

  private async write(stream: string, content: Content): Promise<void> {
    const text = textOf(content);
    if (text === undefined || !isDeepStrictEqual((JSON.parse(text) as Content).body, content.body))
      return this.omit(stream, BigInt(content.revision));
    const data: Stored = { ...content, digest: digestOf(text) };
    this.omitted.delete(stream);
    const name = streamOf(stream);
    const metadata = metadataOf({ command: 'KeepSnapshot', commandId: content.lastId, actor: 'platform', role: 'process', facility: '' });
    const { revision } = await this.store.append(name, 'any', [{ type: TYPE, data, metadata }]);
    if (revision > 0n) return;
    const only = [{ type: '$metadata', data: { $maxCount: 1 }, metadata }];
    await this.store.append(`$$${name}`, -1n, only).catch((error: unknown) => {
      if (!(error instanceof Conflict)) throw error;
    });
  }

  private omit(stream: string, revision: bigint): void {
    this.omitted.delete(stream);
    this.omitted.set(stream, revision);
    if (this.omitted.size > MOST_REMEMBERED) this.omitted.delete(this.omitted.keys().next().value!);
  }
}

const digestOf = (text: string): string => hash('sha256', text, 'hex');

function isWhole({ digest, ...content }: Stored): boolean {
  return /^\d{1,19}$/.test(content.revision) && digest === digestOf(JSON.stringify(content));
}

/** The snapshot as text; undefined if it is too large or too deep. */
function textOf(content: Content): string | undefined {
  try {
    const text = JSON.stringify(content);
    return text.length > LARGEST_BYTES ? undefined : text;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
