/**
 * Wake-ups from PostgreSQL. Hides: LISTEN and its connection. Promises: a notification is only a reason to look: its text is compared with the
 * names that somebody waits for and used for nothing else, since every role of the database can send one. Does not: guarantee that a change is
 * announced: whoever waits also polls.
 */
import { Client } from 'pg';

/** Minimum time between two looks at one view, ms, however many wake-ups come. */
const SPACING_MS = 5;
const AGAIN_MS = 500;

type Ears = { readonly wake: Set<() => void>; rungAt: number; due?: NodeJS.Timeout };

export class Bell {
  readonly #ears = new Map<string, Ears>();
  #client?: Client;
  #connecting?: Promise<void>;
  #closed = false;

  constructor(private readonly databaseUrl: string) {}

  /** Calls `wake` when a view may have changed, until the returned function is called. */
  hear(view: string, wake: () => void): () => void {
    const ears: Ears = this.#ears.get(view) ?? { wake: new Set(), rungAt: 0 };
    this.#ears.set(view, ears);
    ears.wake.add(wake);
    void this.listen();
    return () => {
      ears.wake.delete(wake);
      if (ears.wake.size > 0 || this.#ears.get(view) !== ears) return;
      clearTimeout(ears.due);
      this.#ears.delete(view);
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
    client.on('notification', ({ payload }) => this.#ring(payload ?? ''));
    await client.connect();
    await client.query('LISTEN views');
    this.#client = client;
  }

  #lost(): void {
    this.#client = undefined;
    const again = () => {
      this.#connecting = undefined;
      if (this.#ears.size > 0) void this.listen();
    };
    if (!this.#closed) setTimeout(again, AGAIN_MS).unref();
  }

  #ring(name: string): void {
    const ears = this.#ears.get(name);
    if (!ears || ears.due) return;
    const wake = () => {
      ears.due = undefined;
      ears.rungAt = performance.now();
      for (const one of ears.wake) one();
    };
    const left = ears.rungAt + SPACING_MS - performance.now();
    if (left <= 0) wake();
    else ears.due = setTimeout(wake, left);
  }
}
