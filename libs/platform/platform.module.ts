/**
 * What every slice gets injected: the event store, the run of commands, PostgreSQL. Hides: their making and ending. Promises: one of each
 * in a process, closed after all that uses them. Does not: connect before the first use; a part that is down delays nobody's start.
 */
import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Pool } from 'pg';
import { Decisions } from '#platform/commands/decisions';
import { Registry } from '#platform/commands/registry';
import { Sending } from '#platform/commands/sending';
import type { Config } from '#platform/runtime/config';
import { openPool } from '#platform/runtime/database';
import { EventStore } from '#platform/store/event-store';
import { EXPORTS } from '#platform/queries/exports';
import { Moves } from '#platform/queries/row-changes';
import { Reads } from '#platform/queries/reads';
import { ViewReads } from '#platform/views/progress';

/** Injection token of the checked settings. */
export const CONFIG = Symbol('config');
/** Slow readers of exports must not take the connections of lists. */
const EXPORT_POOL = Symbol('exports');

@Global()
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  constructor(
    @Inject(EventStore) private readonly store: EventStore,
    @Inject(Pool) private readonly pool: Pool,
    @Inject(EXPORT_POOL) private readonly exports: Pool,
    @Inject(ViewReads) private readonly views: ViewReads,
  ) {}

  static of(config: Config, application: string): DynamicModule {
    return {
      module: PlatformModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: EventStore, useFactory: () => new EventStore(config.EVENTSTORE_URL!) },
        { provide: Pool, useFactory: () => openPool(config.DATABASE_URL!, application) },
        { provide: EXPORT_POOL, useFactory: () => openPool(config.DATABASE_URL!, `${application} exports`, EXPORTS) },
        { provide: ViewReads, useFactory: (pool: Pool) => new ViewReads(pool, config.DATABASE_URL!), inject: [Pool] },
        {
          provide: Reads,
          useFactory: (pool: Pool, views: ViewReads, store: EventStore, exports: Pool) =>
            new Reads(
              pool,
              views,
              config.WAIT_FOR_MS,
              () => store.head(),
              async () => (await store.mark.now())?.mark,
              exports,
            ),
          inject: [Pool, ViewReads, EventStore, EXPORT_POOL],
        },
        { provide: Moves, useFactory: (reads: Reads, views: ViewReads) => new Moves(reads, views), inject: [Reads, ViewReads] },
        Decisions,
        Registry,
        Sending,
      ],
      exports: [CONFIG, EventStore, Pool, ViewReads, Reads, Moves, Decisions, Registry, Sending, CqrsModule],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.views.close();
    await Promise.all([this.pool.end(), this.exports.end(), this.store.close()]);
  }
}
