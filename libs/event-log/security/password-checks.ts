// Hides: that clients send a password with every call although a check is slow by design: results are cached.
// Promises: a cached password is answered at once whatever else waits; equal checks are made once; connections take turns; a connection
// with many wrong passwords gets no more checks for a while. Does not: keep passwords, only digests with a key of this OS process.

import { createHmac, randomBytes } from 'node:crypto';
import { checkPassword, type Hash, HASHES_AT_ONCE } from './password';

/** Checks of one connection that may wait. */
const MOST_WAITING = 256;
/** Wrong passwords of one connection that are checked within `FORGIVEN_AFTER`. */
const MOST_WRONG = 20;
const FORGIVEN_AFTER = 60_000;
const REMEMBERED = 10_000;

/** Too many checks of one connection are waiting. */
export class TooManyChecks extends Error {}

type Check = () => Promise<void>;
type Line = { readonly checks: Check[]; wrong: number; since: number };

export class PasswordChecks {
  private readonly key = randomBytes(32);
  private readonly known = new Map<string, boolean>();
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly lines = new WeakMap<object, Line>();
  /** Non-empty queues, in the order of their turns. */
  private readonly turns = new Set<Line>();
  private active = 0;

  constructor(
    private readonly compare: (password: string, stored: Hash | undefined) => Promise<boolean> = checkPassword,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether the password matches `stored`. @throws TooManyChecks */
  check(connection: object, login: string, password: string, stored: Hash | undefined): Promise<boolean> {
    // The stored hash is part of the digest: a new password invalidates everything cached.
    const digest = createHmac('sha256', this.key)
      .update(JSON.stringify([login, stored?.hash, password]))
      .digest('base64');
    const known = this.known.get(digest);
    if (known !== undefined) return Promise.resolve(known);
    const same = this.running.get(digest);
    if (same) return same;
    const check = this.inTurn(this.lineOf(connection), digest, password, stored);
    this.running.set(digest, check);
    const forget = () => this.running.delete(digest);
    check.then(forget, forget);
    return check;
  }

  private lineOf(connection: object): Line {
    let line = this.lines.get(connection);
    if (!line) this.lines.set(connection, (line = { checks: [], wrong: 0, since: this.now() }));
    if (this.now() - line.since > FORGIVEN_AFTER) Object.assign(line, { wrong: 0, since: this.now() });
    return line;
  }

  private async inTurn(line: Line, digest: string, password: string, stored: Hash | undefined): Promise<boolean> {
    if (line.checks.length >= MOST_WAITING) throw new TooManyChecks();
    return new Promise<boolean>((resolve, reject) => {
      line.checks.push(async () => {
        if (line.wrong >= MOST_WRONG) return resolve(false);
        try {
          const right = await this.compare(password, stored);
          if (!right) line.wrong++;
          this.remember(digest, right);
          resolve(right);
        } catch (error) {
          reject(error as Error);
        }
      });
      this.turns.add(line);
      this.go();
    });
  }

  private go(): void {
    while (this.active < HASHES_AT_ONCE) {
      const [line] = this.turns;
      if (!line) return;
      this.turns.delete(line);
      const check = line.checks.shift()!;
      if (line.checks.length > 0) this.turns.add(line);
      this.active++;
      void check().finally(() => {
        this.active--;
        this.go();
      });
    }
  }

  private remember(digest: string, right: boolean): void {
    if (this.known.size >= REMEMBERED) this.known.delete(this.known.keys().next().value!);
    this.known.set(digest, right);
  }
}
