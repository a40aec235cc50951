/**
 * The view engine on a real store and PostgreSQL, for its specs. Hides: starting and stopping them. Promises: one log for each spec file, a
 * new database for each test, and that every engine of a test is stopped after it. Does not: start separate worker apps (tools/faults
 * does).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { Pool } from 'pg';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { runViews, type RunningViews, type ViewsOptions } from '#platform/views/engine';
import { ViewReads } from '#platform/views/progress';
import type { AnyView } from '#platform/views/shape';
import { OPERATIONS_STREAM } from '#platform/views/skip';
import { verifyView, type Verified } from '#platform/views/verify';
import { startTestSystem, testDatabase, type TestDatabase, type TestSystem } from './testing';
import { exampleViews, plantEvents } from './view-examples';

export class EngineUnderTest {
  system!: TestSystem;
  client!: EventStoreDBClient;
  log!: LogReader;
  /** Position of the newest event that was written here. */
  head = -1n;
  database!: TestDatabase;
  pool!: Pool;
  reads!: ViewReads;
  readonly running: RunningViews[] = [];
  /** Called after each test, so that nothing stays blocked whatever failed. */
  readonly release: (() => void)[] = [];

  /** Call it at the top of a spec file. */
  static here(): EngineUnderTest {
    const engine = new EngineUnderTest();
    beforeAll(() => engine.begin(), 60_000);
    afterAll(() => engine.end());
    beforeEach(() => engine.open());
    afterEach(() => engine.close());
    return engine;
  }

  private async begin(): Promise<void> {
    this.system = await startTestSystem();
    this.client = EventStoreDBClient.connectionString(this.system.eventStoreUrl);
    this.log = logReader(this.client);
    await this.append(1, 500);
  }

  private async end(): Promise<void> {
    await this.client.dispose();
    await this.system.stop();
  }

  private async open(): Promise<void> {
    this.database = await testDatabase();
    this.pool = new Pool({ connectionString: this.database.url });
    this.pool.on('error', () => undefined);
    this.reads = new ViewReads(this.pool, this.database.url);
  }

  private async close(): Promise<void> {
    for (const go of this.release.splice(0)) go();
    await Promise.all(this.running.splice(0).map((views) => views.stop()));
    await this.reads.close();
    await this.pool.end();
    await this.database.drop();
  }

  readonly append = async (seed: number, count: number): Promise<bigint> => {
    for (const { stream, event } of plantEvents(seed, count, 60)) await this.write(stream, event);
    return this.head;
  };

  readonly write = async (stream: string, event: { type: string; data: object }, id: string = randomUUID()): Promise<void> => {
    const appended = await this.client.appendToStream(stream, jsonEvent({ id, ...event, metadata: { schema: 1 } } as never));
    this.head = appended.position!.commit;
  };

  readonly run = async (options: Partial<ViewsOptions> = {}): Promise<RunningViews> => {
    const views = await runViews({
      store: this.system.eventStoreUrl,
      databaseUrl: this.database.url,
      views: exampleViews,
      projector: { batchRows: 100, batchMs: 20 },
      feed: { pageSize: 64, pollMs: 100 },
      ...options,
    });
    this.running.push(views);
    return views;
  };

  readonly stop = async (views: RunningViews): Promise<void> => {
    this.running.splice(this.running.indexOf(views), 1);
    await views.stop();
  };

  readonly caughtUp = async (views: readonly AnyView[] = exampleViews, timeoutMs = 20_000): Promise<void> => {
    const names = views.map(({ name }) => name);
    expect(await this.reads.waitFor(names, this.head, timeoutMs)).toBe(true);
  };

  readonly verify = (views: readonly AnyView[] = exampleViews): Promise<Verified[]> =>
    Promise.all(views.map((view) => verifyView({ view, pool: this.pool, log: this.log, operationsStream: OPERATIONS_STREAM })));

  readonly expectEqual = async (views: readonly AnyView[] = exampleViews): Promise<void> =>
    expect((await this.verify(views)).filter(({ equal }) => !equal)).toEqual([]);
}

/** Waits until a condition holds; throws if it does not hold in time. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  for (const end = performance.now() + timeoutMs; !(await holds()); await sleep(20))
    if (performance.now() > end) throw new Error(`condition not met within ${timeoutMs} ms: ${holds.toString()}`);
}
