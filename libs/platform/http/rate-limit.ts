/**
 * How many requests a caller may send. Hides: the accounts of callers (the generic cell rate algorithm). Promises: a caller over the limit is
 * refused, others are not affected; memory is bounded; nobody waits for the other apis. Does not: exchange accounts with them (shared-limit.ts).
 */
import { Problem } from '#platform/problem/problem';

const ACCOUNTS = 50_000;

/** `due`: when all that the caller has sent would have arrived at the permitted rate. `unsettled`: what no other api knows of, in ms of that rate. */
type Account = { due: number; unsettled: number };

/** Each caller may send ten seconds' worth at once, and then steadily. */
export class RateLimit {
  private readonly accounts = new Map<string, Account>();
  private readonly msEach: number;
  /** How far a caller may be ahead of the permitted rate, ms. */
  readonly burstMs: number;

  /** `perMinute` 0 for no limit. */
  constructor(
    readonly perMinute: number,
    /** Milliseconds of any monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.msEach = 60_000 / perMinute;
    this.burstMs = Math.max(this.msEach, 10_000);
  }

  /** Counts requests of a caller. A single call may exceed ten seconds' worth if the caller is not ahead of the rate. @throws Problem 429 */
  take(caller: string, requests = 1): void {
    if (this.perMinute === 0) return;
    const now = this.now();
    const account = this.accountOf(caller);
    const before = Math.max(0, account.due - now);
    const cost = requests * this.msEach;
    if (before > 0 && before + cost > this.burstMs) {
      const retryAfterSeconds = Math.max(1, Math.ceil(Math.min(before, before + cost - this.burstMs) / 1_000));
      throw new Problem(429, 'too-many-requests', `You may send ${this.perMinute} requests per minute.`, {
        retryAfterSeconds,
        whatToDo: `Wait ${retryAfterSeconds} s, then send fewer requests.`,
      });
    }
    account.due = now + before + cost;
    account.unsettled += cost;
  }

  /** What callers have spent since the last call, in milliseconds of the permitted rate; those who spent most first. */
  takeSpent(most: number): ReadonlyMap<string, number> {
    const spent = [...this.accounts].filter(([, { unsettled }]) => unsettled > 0);
    if (spent.length > most) spent.sort(([, one], [, other]) => other.unsettled - one.unsettled).splice(most);
    const taken = new Map(spent.map(([caller, { unsettled }]) => [caller, unsettled]));
    for (const [, account] of spent) account.unsettled = 0;
    return taken;
  }

  /** Puts back what could not be settled. */
  giveBack(spent: ReadonlyMap<string, number>): void {
    for (const [caller, ms] of spent) {
      const account = this.accounts.get(caller);
      if (account) account.unsettled += ms;
    }
  }

  /** The debts of callers to all apis together, in milliseconds of the permitted rate. */
  learn(debts: Iterable<readonly [caller: string, ms: number]>): void {
    const now = this.now();
    for (const [caller, ms] of debts) {
      const account = this.accountOf(caller);
      account.due = now + Math.max(0, ms) + account.unsettled;
    }
  }

  private accountOf(caller: string): Account {
    const account = this.accounts.get(caller) ?? { due: -Infinity, unsettled: 0 };
    this.accounts.delete(caller);
    this.accounts.set(caller, account);
    if (this.accounts.size > ACCOUNTS) this.accounts.delete(this.accounts.keys().next().value!);
    return account;
  }
}

/** The caller behind an address: an IPv6 host owns a /64. An IPv4 address is the same caller in either form. */
export function callerOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.toLowerCase().replace(/%.*$/, '').split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
