/**
 * Hides what all apps share: settings, log, traces, signals, and an orderly end. Promises exit code 78 for wrong settings and 1 for a
 * crash, and that on SIGTERM, Ctrl-C or the death of its supervisor the app finishes what it has begun, for DRAIN_SECONDS at most. Does not
 * restart anything: the supervisor does.
 */
import type { AppName, Config } from './config';
import { leave } from './leave';
import type { Logger } from './logging';
import { loadQuickly } from './module-cache';

/** Flags of Node.js for the worker: with a young generation of four times the usual size, events that wait for their views are seldom copied. */
export const WORKER_FLAGS: readonly string[] = ['--max-semi-space-size=64'];

/** The module cache is written late: after a start other work is more urgent. */
const QUIET_MS = 3_000;

/** What a started app returns: how to end it. With notice, load balancers first get time to see that it is draining. */
export type Started = Readonly<{ stop(options?: { notice: boolean }): Promise<void> }>;

/**
 * The body of every main.ts. `start` gets checked settings and resolves when the app does its work; it loads the application by
 * `require` inside, so that tracing is in place before.
 */
export async function runApp(name: AppName, start: (config: Config, log: Logger) => Promise<Started>): Promise<void> {
  // Only the app's own account can read the files that it writes.
  process.umask(0o077);
  const keepModules = loadQuickly(name);
  /* eslint-disable @typescript-eslint/no-require-imports */
  const { ConfigFaults, EXIT_CONFIG, readConfig, shownConfig } = require('./config') as typeof import('./config');
  const { createLog } = require('./logging') as typeof import('./logging');
  const { startTracing, stopTracing } = require('./tracing') as typeof import('./tracing');
  /* eslint-enable @typescript-eslint/no-require-imports */
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
  // Node would print warnings as plain text between the JSON lines.
  process.removeAllListeners('warning').on('warning', ({ name, message }) => log.warn({ warning: name }, message));
  process.on('uncaughtException', crash('stopped by an uncaught error'));
  process.on('unhandledRejection', crash('stopped by an unhandled rejection'));
  // A reader that goes away, as in `npm start | head`, must not crash the app.
  process.stdout.on('error', () => undefined);
  log.info({ settings: shownConfig(config) }, 'starting');

  const started = start(config, log);
  let stopping = false;
  const stop = (why: string, notice: boolean) => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping: ${why}`);
    const limit = config.DRAIN_SECONDS + 5 + (notice ? 2 * config.DRAIN_NOTICE_SECONDS : 0);
    setTimeout(() => {
      log.error(`shutdown did not finish within ${limit} s`);
      process.exit(1);
    }, limit * 1_000).unref();
    void (async () => {
      await (await started).stop({ notice });
      await stopTracing();
      log.info('stopped');
      // A log that nobody reads any more must not keep the app running.
      setTimeout(() => process.exit(0), 1_000).unref();
      await leave(0);
    })().catch(crash('shutdown failed'));
  };
  process.on('SIGTERM', () => stop('SIGTERM', true));
  process.on('SIGINT', () => stop('SIGINT', false));
  // There is a channel only if a supervisor forked us; it closes when the supervisor dies, even by kill -9.
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
