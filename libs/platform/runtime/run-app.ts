/**
 * Hides what every process does the same way: settings, log, traces, signals, and an orderly end.
 * Promises that a fault in the settings ends it with code 78 and a crash with code 1, and that SIGTERM, Ctrl-C or the death of its
 * supervisor let it finish what it has begun, for DRAIN_SECONDS at most. Does not restart anything: the supervisor does.
 */
import { ConfigFaults, EXIT_CONFIG, readConfig, shownConfig, type Config, type ProcessName } from './config';
import { createLog, type Logger } from './logging';
import { startTracing, stopTracing } from './tracing';

/** Flags of Node.js for the worker: with four times the usual room for young objects, events that wait for their views are seldom copied. */
export const WORKER_FLAGS: readonly string[] = ['--max-semi-space-size=64'];

/** What a started process gives back: how to end it. */
export type Started = Readonly<{ stop(): Promise<void> }>;

/**
 * The body of every main.ts. `start` gets checked settings and resolves when the process does its work; it loads the application by
 * `require` inside, so that tracing is in place before.
 */
export async function runProcess(name: ProcessName, start: (config: Config, log: Logger) => Promise<Started>): Promise<void> {
  let config: Config;
  try {
    config = readConfig(name);
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) startTracing(name, config.OTEL_EXPORTER_OTLP_ENDPOINT);
  const log = createLog(name, config.LOG_LEVEL);
  const crash = (what: string) => (error: unknown) => {
    log.fatal({ err: error }, what);
    process.exit(1);
  };
  process.on('uncaughtException', crash('stopped by an error that nobody caught'));
  process.on('unhandledRejection', crash('stopped by a rejection that nobody handled'));
  // A reader that goes away, as in `npm start | head`, is no reason to crash.
  process.stdout.on('error', () => undefined);
  log.info({ settings: shownConfig(config) }, 'starting');

  const started = start(config, log);
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping: ${why}`);
    setTimeout(
      () => {
        log.error(`not everything ended within ${config.DRAIN_SECONDS} s`);
        process.exit(1);
      },
      config.DRAIN_SECONDS * 1_000 + 5_000,
    ).unref();
    void (async () => {
      await (await started).stop();
      await stopTracing();
      log.info('stopped');
      process.exit(0);
    })().catch(crash('did not stop in good order'));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // There is a channel only when a supervisor forked us; it closes when the supervisor dies, by kill -9 too.
  process.on('disconnect', () => stop('the supervisor is gone'));

  try {
    await started;
  } catch (error) {
    if (!stopping) crash('could not start')(error);
    return;
  }
  log.info('started');
  process.send?.({ started: true });
}
