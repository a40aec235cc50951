/**
 * A job queue. Hides: BullMQ, and whether it stores its jobs in PostgreSQL (default) or in Redis (REDIS_URL). Promises: at-least-once delivery,
 * one job per id, delays, retries with growing pauses, and recovery without a restart after the backend was unreachable or emptied. Does not: hold
 * truth: the event log and its timers do; the queue may be lost and filled again.
 */
import { createPostgresBackend, createRedisBackend, withBackend, type Job as BullJob, type Queue, type Worker } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig, type Pool } from 'pg';
import { survivingLosses } from '#platform/runtime/database';
import { APPLICATION } from '#platform/runtime/version';

/** A job to be done, by id. */
export type Job<T> = Readonly<{
  id: string;
  data: T;
  /** Starts at 1; more than 1 if the job failed before or its worker died. */
  attempt: number;
}>;

export type QueueBackend = Readonly<{ DATABASE_URL?: string; REDIS_URL?: string }>;

export type QueueOptions = Readonly<{
  /** How often a job is tried before it is kept as failed. */
  attempts?: number;
  /** Pause before the second try, ms; doubled each time. */
  pause?: number;
  /** Called for every backend error and every failed job; the queue recovers by itself. */
  onTrouble?: (error: Error, jobId?: string) => void;
}>;

type Options = { connection: never; prefix?: string };
/** BullMQ's classes bound to a backend, and their constructor options. */
type Bound = Readonly<{ Queue: typeof Queue; Worker: typeof Worker; adding: Options; working: Options }>;

/** The backend chosen by these settings. */
export const queueKind = (backend: QueueBackend): 'redis' | 'postgresql' => (backend.REDIS_URL ? 'redis' : 'postgresql');

function bind({ REDIS_URL, DATABASE_URL }: QueueBackend, closed: () => boolean): Bound {
  if (REDIS_URL) {
    // A closed queue stops waiting for an unreachable Redis: otherwise the app could not end.
    const retryStrategy = (times: number) => (closed() ? null : Math.min(times * 200, 2_000));
    const options = (connection: object) => ({
      connection: { url: REDIS_URL, connectTimeout: 5_000, retryStrategy, ...connection },
      prefix: APPLICATION,
    });
    return {
      ...withBackend(createRedisBackend),
      // Adding fails at once if Redis is unreachable; working waits for it.
      adding: options({ enableOfflineQueue: false, maxRetriesPerRequest: 1 }),
      working: options({ maxRetriesPerRequest: null }),
    } as unknown as Bound;
  }
  if (!DATABASE_URL) throw new Error('The job queue needs DATABASE_URL or REDIS_URL; set one of them.');
  const connection = { connectionString: DATABASE_URL, schema: 'queue', migrate: true, max: 4, connectionTimeoutMillis: 5_000 };
  return { ...withBackend(inPostgres), adding: { connection }, working: { connection } } as unknown as Bound;
}

/** A connection that survives the loss of its server, also while nobody listens. */
class SurvivingClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }

  override removeAllListeners(...event: [event?: string | symbol]): this {
    super.removeAllListeners(...event);
    return this.listenerCount('error') > 0 ? this : this.on('error', () => undefined);
  }
}

/**
 * BullMQ (6.7, pinned) migrates on a connection without an error listener. Its listening connection has one only after it was opened, and none
 * while it is ended: if the server goes away at such a moment, an unhandled error would end the app.
 */
const inPostgres: typeof createPostgresBackend = (...given) => {
  const backend = createPostgresBackend(...given);
  const { connection } = backend as unknown as { connection: { pool: Pool; pgModule: { Client: typeof Client } } };
  survivingLosses(connection.pool, 'queue');
  connection.pgModule = { ...connection.pgModule, Client: SurvivingClient };
  return backend;
};

/** A named queue of jobs that carry `T` as plain JSON. */
export class JobQueue<T extends object> {
  readonly kind: 'redis' | 'postgresql';
  private readonly bound: Bound;
  private readonly options: Required<QueueOptions>;
  private opened?: Promise<Queue>;
  private worker?: Worker;
  private closed = false;

  constructor(
    readonly name: string,
    backend: QueueBackend,
    options: QueueOptions = {},
  ) {
    this.kind = queueKind(backend);
    this.bound = bind(backend, () => this.closed);
    this.options = { attempts: 10, pause: 500, onTrouble: () => undefined, ...options };
  }

  /**
   * Adds a job, `delay` milliseconds from now at the earliest. If a job with this id waits or runs already, nothing changes; an id whose job
   * is done may be added again.
   * @throws when the backend does not answer.
   */
  async add(id: string, data: T, delay = 0): Promise<void> {
    const add = async () =>
      (await this.open()).add(this.name, data, {
        jobId: encoded(id),
        delay: Math.max(0, Math.ceil(delay)),
        attempts: this.options.attempts,
        backoff: { type: 'exponential', delay: this.options.pause },
        removeOnComplete: true,
        removeOnFail: { age: 7 * 24 * 3600, count: 10_000 },
      });
    try {
      await add();
    } catch (error) {
      if (!isEmptied(error)) throw error;
      this.renew();
      await add();
    }
  }

  /** Removes a waiting job. A job that is running is not stopped. */
  async remove(id: string): Promise<void> {
    await (await this.open()).remove(encoded(id));
  }

  /** Number of jobs in each state. */
  async counts(): Promise<Readonly<Record<'waiting' | 'active' | 'delayed' | 'failed', number>>> {
    const {
      waiting = 0,
      active = 0,
      delayed = 0,
      failed = 0,
    } = await (await this.open()).getJobCounts('waiting', 'active', 'delayed', 'failed');
    return { waiting, active, delayed, failed };
  }

  /** Works on the jobs of this queue from now on, `concurrency` at a time. Resolves at once; waits for an unreachable backend. */
  work(handle: (job: Job<T>) => Promise<void>, concurrency = 4): void {
    const process = (job: BullJob) => handle({ id: decoded(job.id!), data: job.data as T, attempt: job.attemptsMade + 1 });
    const start = async () => {
      for (let pause = 250; !this.closed; pause = Math.min(pause * 2, 5_000)) {
        const worker = new this.bound.Worker(this.name, process, {
          ...this.bound.working,
          concurrency,
          autorun: false,
          maxStalledCount: 1_000,
          stalledInterval: 5_000,
          lockDuration: 15_000,
        });
        worker.on('error', (error: Error) => this.trouble(error));
        // BullMQ raises no error when Redis goes away.
        worker.on('ioredis:close', () => this.trouble(new Error('Lost the connection to Redis; reconnecting.')));
        worker.on('failed', (job: BullJob | undefined, error: Error) => this.trouble(error, job?.id));
        try {
          await worker.waitUntilReady();
          this.worker = worker;
          if (this.closed) return void (await worker.close());
          await worker.run();
        } catch (error) {
          this.trouble(error as Error);
        }
        if (this.closed) return;
        await worker.close(true).catch(() => undefined);
        await sleep(pause);
      }
    };
    void start();
  }

  /** Waits for running jobs, then disconnects. Takes `patience` milliseconds at most, even if the backend is unreachable. */
  async close(patience = 8_000): Promise<void> {
    this.closed = true;
    const orderly = async () => {
      await this.worker?.close();
      await (await this.opened?.catch(() => undefined))?.close();
    };
    const late = sleep(patience, 'late' as const, { ref: false });
    if ((await Promise.race([orderly().catch(() => 'late' as const), late])) !== 'late') return;
    void this.worker?.close(true).catch(() => undefined);
    // An orderly close that waits for an unreachable backend keeps renewing locks, and so keeps the app alive (BullMQ 6.7, pinned).
    void (this.worker as unknown as { lockManager?: { close(): Promise<void> } } | undefined)?.lockManager?.close().catch(() => undefined);
  }

  /** BullMQ caches a failed first connection for ever: a queue that could not be opened is discarded, and the next call opens a new one. */
  private open(): Promise<Queue> {
    if (this.closed) return Promise.reject(new Error(`The queue ${this.name} is closed.`));
    this.opened ??= (async () => {
      const queue = new this.bound.Queue(this.name, this.bound.adding);
      queue.on('error', (error: Error) => this.trouble(error));
      try {
        await queue.waitUntilReady();
        return queue;
      } catch (error) {
        this.opened = undefined;
        await queue.close().catch(() => undefined);
        throw error;
      }
    })();
    return this.opened;
  }

  private trouble(error: Error, jobId?: string): void {
    if (this.closed) return;
    this.options.onTrouble(error, jobId && decoded(jobId));
    if (isEmptied(error)) this.renew();
  }

  /** BullMQ makes its tables on connecting only. */
  private renew(): void {
    const [worker, opened] = [this.worker, this.opened];
    [this.worker, this.opened] = [undefined, undefined];
    const quietly = () => undefined;
    void worker?.close(true).catch(quietly);
    void opened?.then((queue) => queue.close()).catch(quietly);
  }
}

/** The database was emptied under the queue: its schema, a table or a function is missing. */
const isEmptied = (error: unknown): boolean => ['3F000', '42P01', '42883'].includes((error as { code?: string }).code ?? '');

/** BullMQ allows no colon in an id, and treats a numeric id as its own. */
const encoded = (id: string): string => (/^\d+$/.test(id) ? `%${id.charCodeAt(0).toString(16)}${id.slice(1)}` : encodeURIComponent(id));

/** The id of a job, or what somebody else wrote in its place. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
