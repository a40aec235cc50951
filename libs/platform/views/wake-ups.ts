/**
 * Wake-ups from PostgreSQL. Hides: LISTEN and its connection. Promises: a notification is only a reason to look: its text is compared with the
 * names that somebody waits for and used for nothing else, since every role of the database can send one. Does not: guarantee that a change is
 * announced: whoever waits also polls.
 */
import { Client } from 'pg';

/**
 * A condition, in SQL, of every NOTIFY: any role can fill the queue, and a NOTIFY without room would fail the transaction that sends it. Half of the
 * queue is left for those who ask at the same time.
 */
export const ROOM_FOR_WAKE_UPS = '(SELECT pg_notification_queue_usage() < 0.5)';

/** Minimum time between two looks at one view, ms, however many wake-ups come. */
const SPACING_MS = 5;
const AGAIN_MS = 500;

type Waiting = { readonly wake: Set<() => void>; wokenAt: number; due?: NodeJS.Timeout };

export class WakeUps {
  readonly #waiting = new Map<string, Waiting>();
  #client?: Client;
  #connecting?: Promise<void>;
  #closed = false;

  constructor(private readonly databaseUrl: string) {}

  /** Calls `wake` when a view may have changed, until the returned function is called. */
  onChange(view: string, wake: () => void): () => void {
    const waiting: Waiting = this.#waiting.get(view) ?? { wake: new Set(), wokenAt: 0 };
    this.#waiting.set(view, waiting);
    waiting.wake.add(wake);
    void this.listen();
    return () => {
      waiting.wake.delete(wake);
      if (waiting.wake.size > 0 || this.#waiting.get(view) !== waiting) return;
      clearTimeout(waiting.due);
      this.#waiting.delete(view);
    };
  }

  /** Resolves when it is listening, or when it cannot listen at the moment. */
  listen(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#connecting ??= this.#connect().catch(() => this.#lost());
    return this.#connecting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting;
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl, keepAlive: true, application_name: 'view reads' });
    const lost = () => {
      if (this.#client === client) this.#lost();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => this.#wake(payload ?? ''));
    await client.connect();
    await client.query('LISTEN views');
    this.#client = client;
  }

  #lost(): void {
    this.#client = undefined;
    const again = () => {
      this.#connecting = undefined;
      if (this.#waiting.size > 0) void this.listen();
    };
    if (!this.#closed) setTimeout(again, AGAIN_MS).unref();
  }

  #wake(name: string): void {
    const waiting = this.#waiting.get(name);
    if (!waiting || waiting.due) return;
    const wake = () => {
      waiting.due = undefined;
      waiting.wokenAt = performance.now();
      for (const one of waiting.wake) one();
    };
    const left = waiting.wokenAt + SPACING_MS - performance.now();
    if (left <= 0) wake();
    else waiting.due = setTimeout(wake, left);
  }
}
