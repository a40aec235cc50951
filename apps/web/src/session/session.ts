/**
 * Who works here. Hides: where the token is kept. Promises: it is in the memory of this tab and its sessionStorage, nowhere else; it is dropped when
 * it expires or the api refuses it. Does not: decide what a role may do (the api does; client/may.ts only hides what would be refused).
 */
import { Store } from './store';

export type Session = Readonly<{ token: string; expiresAt: number; subject?: string }>;
/** Why there is none. */
export type Absence = 'never' | 'ended' | 'signed-out';

const KEPT = 'plantlog.session';

function kept(): Session | Absence {
  try {
    const { token } = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Partial<Session>;
    return token ? sessionOf(token) : 'never';
  } catch {
    return 'never';
  }
}

export const session = new Store<Session | Absence>(kept());

export const currentToken = (): string | undefined => {
  const now = session.get();
  return typeof now === 'string' ? undefined : now.token;
};

/** Who signed in, as the token names it. */
export const currentSubject = (): string | undefined => {
  const now = session.get();
  return typeof now === 'string' ? undefined : now.subject;
};

export function signIn(token: string): void {
  const now = sessionOf(token);
  sessionStorage.setItem(KEPT, JSON.stringify({ token }));
  session.set(now);
}

export function leave(why: Absence): void {
  sessionStorage.removeItem(KEPT);
  session.set(why);
}

/** What a token says of itself. One that is not a JWT says nothing, and does not expire here: the api will refuse it. */
function sessionOf(token: string): Session {
  try {
    const payload = token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/');
    const { exp, sub } = JSON.parse(atob(payload)) as { exp?: number; sub?: string };
    return { token, expiresAt: (exp ?? Number.MAX_SAFE_INTEGER) * 1_000, subject: sub };
  } catch {
    return { token, expiresAt: Number.MAX_SAFE_INTEGER };
  }
}
