/**
 * Keeps an api's knowledge of revoked tokens current. Hides: polling. Promises: a revocation takes effect within five seconds; until the first
 * read has succeeded no token is accepted, afterwards the last known state is used while the store is down. Does not: record revocations.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Problem } from '#platform/problem/problem';
import { Revocations, REVOCATIONS, type Issued, type TokensRevoked } from '#platform/security/revocations';
import { EventStore } from '#platform/store/event-store';

const EVERY_MS = 2_000;
/** Until the first read has succeeded. */
const FIRST_MS = 100;
const PATIENCE_MS = 3_000;

@Injectable()
export class RevocationWatch implements OnModuleDestroy {
  private readonly known = new Revocations();
  private revision = -1n;
  private started = false;
  private firstDone: () => void = () => undefined;
  private readonly first = new Promise<void>((resolve) => (this.firstDone = resolve));
  private looked = false;
  private readonly ended = new AbortController();

  private changed: () => void = () => undefined;

  constructor(private readonly store: EventStore) {}

  /** Called when there are new revocations. */
  onChange(changed: () => void): void {
    this.changed = changed;
  }

  /** Waits a while for the first read. @throws Problem 503 while revocations are unknown */
  readonly revokes = async (issued: Issued): Promise<boolean> => {
    if (!this.looked) await Promise.race([this.first, sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (!this.looked)
      throw new Problem(503, 'revocations-unknown', 'Could not read which tokens are revoked: the event store does not answer.', {
        retryAfterSeconds: 2,
      });
    return this.known.revokes(issued);
  };

  start(): void {
    if (this.started) return;
    this.started = true;
    void this.look().then(() => this.goOn());
  }

  onModuleDestroy(): void {
    this.ended.abort();
  }

  private async goOn(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      await sleep(this.looked ? EVERY_MS : FIRST_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }

  private async look(): Promise<void> {
    try {
      const found = await this.store.read<TokensRevoked>(REVOCATIONS, this.revision + 1n);
      for (const { data, revision } of found) {
        this.known.add(data);
        this.revision = revision;
      }
      this.looked = true;
      this.firstDone();
      if (found.length > 0) this.changed();
    } catch {
      // The connection says in the log that the store is away.
    }
  }
}
