/**
 * The answers given to earlier commands, read from their stream; a new command's answer is made in verdict.ts. Hides: which answers are in
 * memory, and that older ones are only known by filters. Promises: an answer is always that of the first attempt; a command id belongs to its
 * actor, and the same id from another actor is another command; bounded memory, however long the stream. Does not: know commands that left
 * nothing in the stream: those without an id that changed nothing, and those that were not decided (400, 401, 403, 412, 503).
 */
import { isBookkeeping, type CommandRefused, type CommandUnchanged, type Recorded } from '#kernel/event';
import { Rejected } from '#kernel/rejected';
import { IdFilter, placesOf, STRETCH, stretchOf } from './id-filter';

/** The first answer: what happened, or the rule that refused; `digest` is that of the command it answered. */
export type Answer = Readonly<{ digest: string }> &
  Readonly<{ revision: string; token: string; events: readonly string[]; rejected?: undefined } | { rejected: Rejected }>;

/** The fields of an event that matter for answers. */
export type Trace = Pick<Recorded, 'type' | 'data' | 'revision' | 'position' | 'metadata' | 'copied'>;

const keyOf = (actor: string, commandId: string): string => `${commandId} ${actor}`;
const LONG = BigInt(STRETCH);
/** Maximum number of answers in memory. */
const RECENT = 4_096;
/** From this revision on there are filters: for shorter streams all answers are in memory. */
const FILTERED_FROM = 64n;

export class Answers {
  private readonly recent = new Map<string, Answer>();
  /** The n-th filter covers the n-th stretch of the stream. */
  filters: IdFilter[] = [];

  /** Answers of a stream that is read on from a snapshot. */
  static after(filters: readonly IdFilter[]): Answers {
    const answers = new Answers();
    answers.filters = [...filters];
    return answers;
  }

  /** The answer, if it is in memory. */
  of(actor: string, commandId: string): Answer | undefined {
    return this.recent.get(keyOf(actor, commandId));
  }

  /** Where else in the stream the answer may be: first revisions of stretches. */
  elsewhere(actor: string, commandId: string): bigint[] {
    if (this.filters.length === 0) return [];
    const places = placesOf(keyOf(actor, commandId));
    return this.filters.flatMap((filter, n) => (filter.mayHold(places) ? [BigInt(n) * LONG] : []));
  }

  learn(event: Trace): void {
    const { commandId, commandDigest: digest, actor } = event.metadata;
    const key = keyOf(actor, commandId);
    if (event.revision >= FILTERED_FROM) this.filterAt(event.revision).add(placesOf(key));
    const before = this.recent.get(key);
    // In older data, events may follow a refusal under the same id; the refusal still stands.
    if (before?.rejected || (before && isBookkeeping(event))) return;
    this.recent.set(key, answerIn(event, digest, before));
    if (this.recent.size > RECENT) this.recent.delete(this.recent.keys().next().value!);
  }

  /** Memory that they take, in answers. */
  get size(): number {
    return this.recent.size + this.filters.length * 32;
  }

  private filterAt(revision: bigint): IdFilter {
    if (this.filters.length === 0) {
      const first = IdFilter.empty();
      for (const key of this.recent.keys()) first.add(placesOf(key));
      this.filters.push(first);
    }
    return (this.filters[stretchOf(revision)] ??= IdFilter.empty());
  }
}

function answerIn({ type, data, revision, position, copied }: Trace, digest: string, before: Answer | undefined): Answer {
  if (type === 'CommandRefused') {
    const { code, message, facts } = data as CommandRefused['data'];
    return { digest, rejected: new Rejected(code, message, facts) };
  }
  if (type === 'CommandUnchanged') {
    const answer = data as CommandUnchanged['data'];
    // A token recorded in another log is a position of that log.
    return { digest, revision: answer.revision, token: (!copied && answer.token) || String(position), events: [] };
  }
  const earlier = before && !before.rejected ? before.events : [];
  return { digest, revision: String(revision), token: String(position), events: [...earlier, type] };
}
