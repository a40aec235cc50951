import type { Server } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { NestFactory } from '@nestjs/core';
import { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANALYST_ACCOUNTS, analystsAfter, type AnalystEvent } from '#platform/security/analysts';
import { accountOf, ensureAnalyst, restoreScopes } from '#platform/views/analyst-role';
import { watchAnalysts } from '#platform/views/analyst-sessions';
import { Registry } from '#platform/commands/registry';
import { now } from '#platform/runtime/clock';
import type { Config } from '#platform/runtime/config';
import { migrate } from '#platform/runtime/database';
import { EventStore } from '#platform/store/event-store';
import { reportStore, storeDetail } from '#platform/store/store-report';
import { diskCheck, measureDatabaseDisk, reportDisks } from '#platform/runtime/disk';
import { Health, serveHealth } from '#platform/runtime/health';
import type { Logger } from '#platform/runtime/logging';
import { ProcessRunner, type ProcessHealth } from '#platform/processes/processes';
import { sendThrough } from '#platform/processes/send';
import { JobQueue } from '#platform/processes/queue';
import { reportQueue } from '#platform/processes/queue-report';
import type { Started } from '#platform/runtime/run-app';
import { runViews, type RunningViews } from '#platform/views/engine';
import { processes } from '#processes/processes';
import { views } from '#slices';
import { reportWorker } from './gauges';
import { WorkerModule } from './worker.module';

/** How long the read models may take to start, ms: usually one second. */
const START_MS = 20_000;

/** Maintains the read models and runs the processes. */
export async function startWorker(config: Config, log: Logger): Promise<Started> {
  const app: INestApplicationContext = await NestFactory.createApplicationContext(WorkerModule.of(config), { logger: false });
  const [store, pool, commandRegistry] = [app.get(EventStore), app.get(Pool), app.get(Registry)];
  reportStore(store.connection, log);
  const forgetDisks = reportDisks(log);
  let keeping: RunningViews | undefined;
  const created = performance.now();
  const health = new Health({
    'event store': { probe: () => store.ping(), vital: true, detail: () => storeDetail(store.connection) },
    disk: diskCheck,
    postgresql: { probe: () => pool.query('SELECT 1'), vital: true },
    // Being behind is a metric; being stuck is a fault, but no reason to stop the others.
    views: { probe: async () => ensureAll(keeping?.health() ?? notStarted(performance.now() - created)), vital: false },
    // Parked instances block no others.
    processes: { probe: async () => ensureAllRun(runner.health(), await runner.waiting()), vital: false },
  });
  const alarms = new JobQueue<{ dueAt: string }>('process-timers', config, {
    onTrouble: (err) => log.warn({ err }, 'the timer queue has an error'),
  });
  reportWorker(pool, alarms);
  const runner = new ProcessRunner({
    store,
    pool,
    processes,
    send: sendThrough(app.get(CommandBus), commandRegistry),
    targetOf: ({ type, data }) => commandRegistry.targetOf(type, data) ?? '',
    alarm: (dueAt, key) => alarms.add(key, { dueAt: dueAt.toISOString() }, dueAt.getTime() - now().getTime()),
    log: (fault, err) => log.warn({ err }, fault),
  });
  const endReports = reportQueue(pool, alarms);
  let stopping = false;
  const begin = async () => {
    // The database may start later than the worker; waiting loses nothing.
    for (let pause = 250; !stopping; pause = Math.min(2 * pause, 5_000)) {
      try {
        keeping = await runViews({
          store: config.EVENTSTORE_URL!,
          databaseUrl: config.DATABASE_URL!,
          views,
          upcasts: store.upcasts,
          log,
          prepare: async () => {
            const done = await migrate(config.DATABASE_URL!);
            if (done.length > 0) log.info({ migrations: done }, 'migrated');
          },
          opened: () => setUpAnalysts(config, pool, store).catch((err: unknown) => log.warn({ err }, 'could not set up the analyst role')),
        });
        break;
      } catch (err) {
        log.warn({ err }, 'could not start the read models; trying again');
        await sleep(pause);
      }
    }
    if (stopping) return;
    alarms.work(async () => runner.wake());
    runner.start();
  };
  const begun = begin();
  const unwatch = watchAnalysts(
    pool,
    config.ANALYST_SECONDS,
    (session) => log.warn(session, 'ended an SQL session over its limit'),
    (now) =>
      now
        ? log.warn('the NOTIFY queue of PostgreSQL is half full: readers are not woken, and look every two seconds or sooner')
        : log.info('the NOTIFY queue of PostgreSQL has room again: readers are woken'),
  );
  if (config.DATABASE_DISK) measureDatabaseDisk(config.DATABASE_DISK);
  const server = await serveHealth(health, {
    port: config.PORT,
    host: config.HOST,
    names: config.ALLOWED_HOSTS,
    metrics: { open: config.API_DOCS === 'yes', token: config.METRICS_TOKEN },
  });
  log.info({ port: (server.address() as { port: number }).port, processes: processes.map(({ name }) => name) }, 'the worker is ready');
  return {
    stop: async () => {
      health.drain();
      stopping = true;
      unwatch();
      endReports();
      forgetDisks();
      await begun;
      await Promise.all([runner.stop(), alarms.close(), keeping?.stop()]);
      await closed(server);
      await app.close();
    },
  };
}

async function setUpAnalysts(config: Config, pool: Pool, store: EventStore): Promise<void> {
  await ensureAnalyst(pool, views, config.ANALYST_PASSWORD, { seconds: config.ANALYST_SECONDS });
  const accounts = analystsAfter(await store.read<AnalystEvent>(ANALYST_ACCOUNTS)).values();
  await restoreScopes(
    pool,
    [...accounts].map(({ data: { name, scopes, auditor } }) => ({ account: accountOf(name), scopes, auditor })),
  );
}

/** The parts of read models that are not there yet. @throws Error if that takes too long: neither views nor processes run */
function notStarted(afterMs: number): [] {
  if (afterMs > START_MS) throw new Error('the read models have not started; processes wait for them');
  return [];
}

const ensureAll = (parts: readonly { table: string; healthy: boolean }[]): void => {
  const stuck = parts.filter(({ healthy }) => !healthy).map(({ table }) => table);
  if (stuck.length > 0) throw new Error(`stuck: ${stuck.join(', ')}`);
};

const ensureAllRun = (processes: readonly ProcessHealth[], waiting: { instances: number; inputs: number }): void => {
  const faulty = processes
    .filter(({ healthy }) => !healthy)
    .map(({ process, state, trouble }) => `${process} ${state}: ${trouble ?? 'stuck'}`);
  if (waiting.instances > 0) faulty.push(`${waiting.instances} instances are parked or paused, with ${waiting.inputs} inputs waiting`);
  if (faulty.length > 0) throw new Error(faulty.join('; '));
};

const closed = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
