/**
 * Commands. Hides: ids, retries, and what survives a reload. Promises: each act of a person has one command id, kept until there is an answer, also
 * over a reload of the page; nothing counts as done before its receipt. Does not: guess the effect (reads wait for the receipt's token).
 */
import { Store } from '../session/store';
import { currentSubject } from '../session/session';
import { post, Refused, Unanswered, waitForReceipt, type Input, type PostPath, type Problem, type Schemas } from './api';
import { readAgain } from './query';

export type Receipt = Schemas['Receipt'];
export type Act = Readonly<{
  id: string;
  path: PostPath;
  body: object;
  /** Who acts: nobody else sends it again. */
  subject?: string;
  /** What it is for the person, e.g. "Report 12 good pieces". */
  title: string;
  status: 'sending' | 'unconfirmed' | 'done' | 'refused';
  receipt?: Receipt;
  problem?: Problem;
}>;

const KEPT = 'plantlog.acts';
const PATIENCE = { first: 400, most: 8_000 };
/** How long the notice of a receipt stays. */
const SHOWN_MS = 6_000;

/** Acts that have no answer yet, and those whose answer is still shown. */
export const acts = new Store<readonly Act[]>([]);

const isOpen = ({ status }: Act) => status === 'sending' || status === 'unconfirmed';

function change(id: string, to: Partial<Act>): void {
  acts.set(acts.get().map((act) => (act.id === id ? { ...act, ...to } : act)));
  keep();
}

function keep(): void {
  sessionStorage.setItem(KEPT, JSON.stringify(acts.get().filter(isOpen)));
}

export function forget(id: string): void {
  acts.set(acts.get().filter((act) => act.id !== id));
  keep();
}

/** A UUID of version 4. crypto.randomUUID exists under https only. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Sends a command until there is an answer. @throws Refused */
export function send<Path extends PostPath>(path: Path, body: Input<Path>, title: string, id = newId()): Promise<Receipt> {
  acts.set([...acts.get(), { id, path, body: body as object, subject: currentSubject(), title, status: 'sending' }]);
  keep();
  return answerOf({ id, path, body: body as object });
}

async function answerOf({ id, path, body }: Pick<Act, 'id' | 'path' | 'body'>): Promise<Receipt> {
  for (let pause = PATIENCE.first; ; pause = Math.min(2 * pause, PATIENCE.most)) {
    try {
      const receipt = (await post(path, body as never, id)) as Receipt;
      if (receipt.token) waitForReceipt(receipt.token);
      change(id, { status: 'done', receipt });
      setTimeout(() => forget(id), SHOWN_MS);
      await readAgain();
      return receipt;
    } catch (error) {
      const open = acts.get().some((act) => act.id === id);
      if (!open) throw error;
      if (error instanceof Refused && error.problem.status === 401) {
        // It goes on when the person has signed in again.
        change(id, { status: 'unconfirmed' });
        throw error;
      }
      if (error instanceof Refused && !error.isPassing) {
        change(id, { status: 'refused', problem: error.problem });
        throw error;
      }
      if (!(error instanceof Refused || error instanceof Unanswered)) throw error;
      change(id, { status: 'unconfirmed' });
      const told = error instanceof Refused ? (error.problem.retryAfterSeconds ?? 0) * 1_000 : 0;
      await new Promise((resolve) => setTimeout(resolve, Math.max(told, pause * (0.5 + Math.random()))));
    }
  }
}

/** Goes on sending what had no answer when the page was reloaded or the sign-in ended. */
export function resumeActs(): void {
  const subject = currentSubject();
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]') as Act[];
  const open = kept.filter((act) => subject !== undefined && act.subject === subject);
  acts.set(open);
  keep();
  for (const act of open) answerOf(act).catch(() => undefined);
}
