// Hides: that users are stored as events in the streams `$users` and `$user-<login>`, as in EventStoreDB.
// Promises: with TLS the users admin and ops exist from the first start; a change is on disk before the caller gets the answer.
// Does not: decide who may manage users (services/users.ts does).

import { randomBytes } from 'node:crypto';
import type { Principal } from './access';
import { Exposed } from './exposure';
import { userConflict, userNotFound } from '../wire/faults';
import type { Frame } from '../log/frame';
import type { EventLog } from '../log/log';
import { checkPassword, type Hash, hashPassword } from './password';
import { PasswordChecks } from './password-checks';
import { randomUUIDBytes } from '../bytes/uuid';

/** A user as stored; `lastUpdated` is ISO 8601. */
export type User = Hash &
  Readonly<{ loginName: string; fullName: string; groups: readonly string[]; disabled: boolean; lastUpdated: string }>;

/** Passwords of the first start with TLS. */
export type FirstPasswords = Readonly<{ adminPassword?: string; opsPassword?: string }>;

/** The original's default password of its first users. */
const WELL_KNOWN = 'changeit';
const listStream = '$users';
const streamOf = (login: string): string => `$user-${login}`;

export class Users {
  private readonly users = new Map<string, User>();
  private readonly checked = new PasswordChecks();
  private changes: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly log: EventLog,
    private readonly now: () => number,
  ) {}

  /**
   * Reads the users. If passwords are checked, `admin` and `ops` exist from the first start, and no password is the well-known one unless
   * an operator set it. @throws Exposed
   */
  static async open(log: EventLog, { adminPassword, opsPassword }: FirstPasswords, secure: boolean, now = Date.now): Promise<Users> {
    const users = new Users(log, now);
    users.load();
    if (secure || adminPassword !== undefined) await users.ensure('admin', 'Event Store Administrator', ['$admins'], adminPassword);
    const operator = ['ops', 'Event Store Operations', ['$ops']] as const;
    if (opsPassword !== undefined || (secure && users.users.has('ops'))) await users.ensure(...operator, opsPassword);
    else if (secure) {
      await users.create(...operator, randomBytes(32).toString('base64'));
      await users.setDisabled('ops', true);
    }
    return users;
  }

  /** Creates the user, or replaces the well-known password of an earlier version. */
  private async ensure(login: string, fullName: string, groups: readonly string[], password: string | undefined): Promise<void> {
    const user = this.users.get(login);
    const wellKnown = user !== undefined && !user.disabled && password !== WELL_KNOWN && (await checkPassword(WELL_KNOWN, user));
    if (user && !wellKnown) return;
    if (password === undefined) {
      throw new Exposed(
        `With TLS the node needs a password for '${login}'${wellKnown ? `: it still has \`${WELL_KNOWN}\`, which everybody knows` : ''}. Set DEFAULT_${login.toUpperCase()}_PASSWORD.`,
      );
    }
    if (user) await this.resetPassword(login, password);
    else await this.create(login, fullName, groups, password);
  }

  /** The user; undefined if login or password is wrong, or the user is disabled. */
  async authenticate(connection: object, login: string, password: string): Promise<Principal> {
    const user = this.users.get(login);
    const matches = await this.checked.check(connection, login, password, user);
    return matches && user && !user.disabled ? { name: user.loginName, groups: user.groups } : undefined;
  }

  /** Every user, by name. */
  all(): User[] {
    return [...this.users.values()].sort((a, b) => (a.loginName < b.loginName ? -1 : 1));
  }

  find(login: string): User {
    const user = this.users.get(login);
    if (!user) throw userNotFound(login);
    return user;
  }

  create(login: string, fullName: string, groups: readonly string[], password: string): Promise<void> {
    return this.inTurn(async () => {
      if (this.users.has(login)) throw userConflict(login);
      const user: User = {
        ...(await hashPassword(password)),
        loginName: login,
        fullName,
        groups,
        disabled: false,
        lastUpdated: this.stamp(),
      };
      await this.save('$UserCreated', user);
      if (!this.listed().has(login)) await this.write(listStream, '$User', login);
    });
  }

  update(login: string, fullName: string, groups: readonly string[]): Promise<void> {
    return this.change(login, { fullName, groups });
  }

  setDisabled(login: string, disabled: boolean): Promise<void> {
    return this.change(login, { disabled });
  }

  async resetPassword(login: string, password: string): Promise<void> {
    this.find(login);
    return this.change(login, await hashPassword(password));
  }

  /** False if the current password is wrong. */
  async changePassword(login: string, current: string, password: string): Promise<boolean> {
    if (!(await checkPassword(current, this.find(login)))) return false;
    await this.resetPassword(login, password);
    return true;
  }

  delete(login: string): Promise<void> {
    return this.inTurn(async () => {
      this.find(login);
      await this.log.delete(streamOf(login), 'any');
      this.users.delete(login);
    });
  }

  private change(login: string, changes: Partial<User>): Promise<void> {
    return this.inTurn(() => this.save('$UserUpdated', { ...this.find(login), ...changes, lastUpdated: this.stamp() }));
  }

  private async save(type: string, user: User): Promise<void> {
    await this.write(streamOf(user.loginName), type, user);
    this.users.set(user.loginName, user);
  }

  private async write(stream: string, type: string, data: unknown): Promise<void> {
    await this.log.append(stream, 'any', [
      { id: randomUUIDBytes(), type, json: true, data: Buffer.from(JSON.stringify(data)), metadata: Buffer.alloc(0) },
    ]);
  }

  /** One change at a time. */
  private inTurn(change: () => Promise<void>): Promise<void> {
    const result = this.changes.then(change);
    this.changes = result.catch(() => undefined);
    return result;
  }

  private stamp(): string {
    return new Date(this.now()).toISOString();
  }

  private listed(): Set<string> {
    const logins = new Set<string>();
    for (let next: number | undefined = 0; next !== undefined;) {
      const page = this.log.readStream(listStream, next, false, 500);
      for (const frame of page.frames) {
        const login = parsed(frame);
        if (typeof login === 'string') logins.add(login);
      }
      next = page.next;
    }
    return logins;
  }

  private load(): void {
    for (const login of this.listed()) {
      const { exists, last } = this.log.state(streamOf(login));
      const [frame] = exists ? this.log.readStream(streamOf(login), last, true, 1).frames : [];
      const user = frame && parsed(frame);
      if (isUser(user) && user.loginName === login) this.users.set(login, user);
    }
  }
}

/** Invalid events are ignored: whoever may write to these streams must not be able to stop the node from starting. */
const parsed = (frame: Frame): unknown => {
  try {
    return JSON.parse(frame.data.toString('utf8'));
  } catch {
    return undefined;
  }
};

const isUser = (value: unknown): value is User => {
  const { loginName, fullName, groups, disabled, lastUpdated, salt, hash } = (value ?? {}) as Record<string, unknown>;
  const texts = [loginName, fullName, lastUpdated, salt, hash].every((text) => typeof text === 'string');
  const digest = typeof hash === 'string' && Buffer.from(hash, 'base64').length === 32;
  return texts && digest && typeof disabled === 'boolean' && Array.isArray(groups) && groups.every((group) => typeof group === 'string');
};
