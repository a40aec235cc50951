/**
 * Hides what every app does the same way: settings, log, traces, signals, and an orderly end.
 * Promises that a fault in the settings ends it with code 78 and a crash with code 1, and that SIGTERM, Ctrl-C or the death of its
 * supervisor let it finish what it has begun, for DRAIN_SECONDS at most. Does not restart anything: the supervisor does.
 */
import { ConfigFaults, EXIT_CONFIG, readConfig, shownConfig, type AppName, type Config } from './config';
import { leave } from './leave';
import { createLog, type Logger } from './logging';
import { loadQuickly } from './module-cache';
import { startTracing, stopTracing } from './tracing';

/** Flags of Node.js for the worker: with four times the usual room for young objects, events that wait for their views are seldom copied. */
export const WORKER_FLAGS: readonly string[] = ['--max-semi-space-size=64'];

/** After a start others have more urgent things to do than to write down what was loaded. */
const QUIET_MS = 3_000;

/** What a started app gives back: how to end it. With notice, others are first given time to see that it is going. */
export type Started = Readonly<{ stop(options?: { notice: boolean }): Promise<void> }>;

/**
 * The body of every main.ts. `start` gets checked settings and resolves when the app does its work; it loads the application by
 * `require` inside, so that tracing is in place before.
 */
export async function runApp(name: AppName, start: (config: Config, log: Logger) => Promise<Started>): Promise<void> {
  // What an app writes is for its own account only.
  process.umask(0o077);
  let config: Config;
  try {
    config = readConfig(name);
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error;
    process.stderr.write(`${error.message}\n`);
    return leave(EXIT_CONFIG);
  }
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) startTracing(name, config.OTEL_EXPORTER_OTLP_ENDPOINT);
  const log = createLog(name, config.LOG_LEVEL);
  const crash = (what: string) => (error: unknown) => {
    log.fatal({ err: error }, what);
    process.exit(1);
  };
  // Node would print warnings as plain text among the lines of JSON.
  process.removeAllListeners('warning').on('warning', ({ name, message }) => log.warn({ warning: name }, message));
  process.on('uncaughtException', crash('stopped by an error that nobody caught'));
  process.on('unhandledRejection', crash('stopped by a rejection that nobody handled'));
  // A reader that goes away, as in `npm start | head`, is no reason to crash.
  process.stdout.on('error', () => undefined);
  log.info({ settings: shownConfig(config) }, 'starting');

  const keepModules = loadQuickly(name);
  const started = start(config, log);
  let stopping = false;
  const stop = (why: string, notice: boolean) => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping: ${why}`);
    const limit = config.DRAIN_SECONDS + 5 + (notice ? config.DRAIN_NOTICE_SECONDS : 0);
    setTimeout(() => {
      log.error(`not everything ended within ${limit} s`);
      process.exit(1);
    }, limit * 1_000).unref();
    void (async () => {
      await (await started).stop({ notice });
      await stopTracing();
      log.info('stopped');
      // A log that nobody reads on must not keep the app.
      setTimeout(() => process.exit(0), 1_000).unref();
      await leave(0);
    })().catch(crash('did not stop in good order'));
  };
  process.on('SIGTERM', () => stop('SIGTERM', true));
  process.on('SIGINT', () => stop('SIGINT', false));
  // There is a channel only when a supervisor forked us; it closes when the supervisor dies, by kill -9 too.
  process.on('disconnect', () => stop('the supervisor is gone', false));

  try {
    await started;
  } catch (error) {
    if (stopping) return;
    if (!(error instanceof ConfigFaults)) return crash('could not start')(error);
    log.fatal(error.message);
    return leave(EXIT_CONFIG);
  }
  log.info('started');
  process.send?.({ started: true });
  setTimeout(() => void keepModules(), QUIET_MS).unref();
}
