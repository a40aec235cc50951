/**
 * What commands were answered, as their stream tells. Hides: how answers are read from events. Promises: an answer is that of the first try,
 * for ever; an id belongs to its actor, and another's equal id is another command. Does not: know commands that left nothing in the stream:
 * those without an id of the client's that changed nothing, and those that were not decided (400, 401, 403, 412, 503).
 */
import { isBookkeeping, type CommandRefused, type CommandUnchanged, type Recorded } from '#kernel/event';
import { Rejected } from '#kernel/rejected';

/** The first answer: what happened, or the rule that refused; `digest` is that of the command that it was given to. */
export type Answer = Readonly<{ digest: string }> &
  Readonly<{ revision: string; token: string; events: readonly string[]; rejected?: undefined } | { rejected: Rejected }>;

/** An event of the stream, as far as answers go. */
export type Trace = Pick<Recorded, 'type' | 'data' | 'revision' | 'position' | 'metadata'>;

const keyOf = (actor: string, commandId: string): string => `${commandId} ${actor}`;

export class Answers {
  private readonly known = new Map<string, Answer>();

  of(actor: string, commandId: string): Answer | undefined {
    return this.known.get(keyOf(actor, commandId));
  }

  learn(event: Trace): void {
    const { commandId, commandDigest: digest, actor } = event.metadata;
    const key = keyOf(actor, commandId);
    const before = this.known.get(key);
    // What followed a refusal under the same id in older data does not take the refusal back.
    if (before?.rejected || (before && isBookkeeping(event))) return;
    this.known.set(key, answerIn(event, digest, before));
  }
}

function answerIn({ type, data, revision, position }: Trace, digest: string, before: Answer | undefined): Answer {
  if (type === 'CommandRefused') {
    const { code, message, facts } = data as CommandRefused['data'];
    return { digest, rejected: new Rejected(code, message, facts) };
  }
  if (type === 'CommandUnchanged') return { digest, ...(data as CommandUnchanged['data']), events: [] };
  const earlier = before && !before.rejected ? before.events : [];
  return { digest, revision: String(revision), token: String(position), events: [...earlier, type] };
}
