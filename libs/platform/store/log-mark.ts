/**
 * Which log a store holds. Positions are valid within one log only: a copy holds the same events at other positions. Hides: when a store
 * may have come back with another log. Promises: logs that were written independently, and a log and its copies, have different marks;
 * asking costs one short read per connection. Does not: tell a log from an older backup of it, which has the same beginning.
 */
import { createHash } from 'node:crypto';
import { isOfStore } from '#kernel/event';
import type { Connection, Link } from './connection';
import { endsLog } from './log-cursor';
import { BEFORE_ALL, logReader, type LogReader } from './log-reader';

export type Log = Readonly<{
  mark: string;
  /** True if its first event was copied from another log. */
  copied: boolean;
}>;

const PAGE = 256;
const LIMIT_MS = 2_000;
/** How long to wait for a connection; then the last known mark is the answer. */
const PATIENCE_MS = 25;

export class LogMark {
  private readonly reader: LogReader;
  private read: Readonly<{ link: Link; log: Promise<Log | undefined> }> | undefined;
  private last: Log | undefined;
  /** The connection over which the last mark was read. */
  private over: Link | undefined;

  constructor(private readonly connection: Connection) {
    this.reader = logReader(connection, { timeoutMs: LIMIT_MS });
  }

  /** The log that the store holds; undefined while it is empty or unknown. Never fails. */
  async now(): Promise<Log | undefined> {
    try {
      const link = await this.connection.get(PATIENCE_MS);
      if (this.read?.link !== link) this.read = { link, log: logIn(this.reader) };
      const { read } = this;
      try {
        this.last = await read.log;
        this.over = link;
      } finally {
        if (this.last === undefined && this.read === read) this.read = undefined;
      }
    } catch {
      this.read = undefined;
    }
    return this.last;
  }

  /** A position in the form that clients get. */
  tokenOf(position: bigint | string): string | Promise<string> {
    const token = (log: Log | undefined) => (log ? `${position}-${log.mark}` : String(position));
    const same = this.last && this.over === this.connection.standing;
    return same ? token(this.last) : this.now().then(token);
  }
}

/** The first business event, with the position and time at which this store received it: unique to this log. */
async function logIn(reader: LogReader): Promise<Log | undefined> {
  for (let after = BEFORE_ALL; ;) {
    const page = await reader.readAll(after, PAGE);
    const first = page.find((event) => !isOfStore(event));
    if (first) {
      const hash = createHash('sha256').update(`${first.id} ${first.position} ${first.storedMs}`);
      return { mark: hash.digest('hex').slice(0, 8), copied: first.copied };
    }
    if (endsLog(page, PAGE)) return undefined;
    after = page.at(-1)!.position;
  }
}

const TOKEN = /^(\d{1,19})(?:-([0-9a-f]{8}))?$/;
const LAST_POSITION = 2n ** 63n - 1n;

/** The content of a token; tokens of earlier releases have no mark. Undefined if it is not a token. */
export function parseToken(token: string): Readonly<{ position: bigint; mark?: string }> | undefined {
  const [, digits, mark] = TOKEN.exec(token) ?? [];
  if (digits === undefined || BigInt(digits) > LAST_POSITION) return undefined;
  return { position: BigInt(digits), ...(mark === undefined ? {} : { mark }) };
}
