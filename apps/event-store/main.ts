import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { backup, restore, verify } from '#event-log/log/backup';
import type { Faults } from '#event-log/wire/fault-injection';
import { type NodeOptions, startNode } from '#event-log/node';
import { SYSTEM_PROJECTIONS } from '#event-log/projections/system-projections';
import { ConfigFaults, environmentWith, EXIT_CONFIG, readConfig } from '#platform/runtime/config';
import { leave } from '#platform/runtime/leave';
import { createLog } from '#platform/runtime/logging';
import { METRIC_PREFIX } from '#platform/runtime/version';

const usage = `event-store [--port N] [--host H] [--data-dir DIR] [--tls-cert F --tls-key F]  serve; the first line on stdout is LISTENING <port>
    --advertise-host H                                 what gossip tells clients to connect to
    --system-projections                               keep $ce-, $et-, $category- streams and $streams
    --max-append-size BYTES                            of one append, 1048576 unless told otherwise
    --inject-faults JSON                               for tests: {"slowMs":50}, {"mute":true}, {"dropAfter":100}, …
event-store verify  --data-dir DIR                     read and check every byte of a log
event-store backup  --data-dir DIR --to DIR            copy a log; its node may keep running
event-store restore --from DIR --data-dir DIR          put a backup into an empty directory
Each setting may also stand in the environment; .env.example lists them. An option on the command line comes first.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'data-dir': { type: 'string' },
      'unsafe-disable-fsync': { type: 'boolean', default: false },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'system-projections': { type: 'boolean' },
      'max-append-size': { type: 'string' },
      'inject-faults': { type: 'string' },
      'advertise-host': { type: 'string' },
      to: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const config = readConfig('event-store', [], environmentWith(settingsOf(values)));
  const dataDir = config.DATA_DIR;
  const command = positionals[0] ?? 'serve';
  const report = (found: object) => process.stdout.write(`${JSON.stringify(found)}\n`);
  if (command === 'verify') report(verify(dataDir));
  else if (command === 'backup' && values.to) report(backup(dataDir, values.to));
  else if (command === 'restore' && values.from) report(restore(values.from, dataDir));
  else if (command !== 'serve') throw new Error(`unknown or incomplete command\n${usage}`);
  else
    await serve(config.LOG_LEVEL, {
      dataDir,
      port: config.PORT,
      host: config.HOST,
      maxAppendSize: config.MAX_APPEND_SIZE,
      durable: !values['unsafe-disable-fsync'],
      tls: certificate(config.TLS_CERT, config.TLS_KEY),
      advertiseHost: config.ADVERTISE_HOST,
      systemProjections: config.SYSTEM_PROJECTIONS === 'true' ? SYSTEM_PROJECTIONS : [],
      faults: values['inject-faults'] ? (JSON.parse(values['inject-faults']) as Faults) : undefined,
      adminPassword: config.DEFAULT_ADMIN_PASSWORD,
      opsPassword: config.DEFAULT_OPS_PASSWORD,
      metricsPrefix: METRIC_PREFIX,
    });
}

/** The options of the command line by the names of their settings, `--tls-cert` as TLS_CERT. */
const settingsOf = (options: Readonly<Record<string, string | boolean | undefined>>): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.toUpperCase().replaceAll('-', '_'), String(value)]),
  );

/** Reads the PEM files of TLS mode; undefined without them. */
function certificate(cert: string | undefined, key: string | undefined): NodeOptions['tls'] {
  if (!cert !== !key)
    throw new ConfigFaults('event-store', [`${cert ? 'TLS_KEY' : 'TLS_CERT'} is missing: TLS_CERT and TLS_KEY belong together.`]);
  return cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : undefined;
}

async function serve(level: string, options: NodeOptions): Promise<void> {
  const log = createLog('event-store', level);
  // The starter waits for this line; every later line is JSON as in the other apps.
  const early: (() => void)[] = [];
  let listening = false;
  const node = await startNode({
    ...options,
    journal: (level, text, facts) => {
      const write = () => log[level](facts ?? {}, text);
      if (listening) write();
      else early.push(write);
    },
  });
  void node.closed.then(() => leave(0));
  const stop = () => void node.close();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Forked by a supervisor: the channel closes when it dies, by kill -9 too.
  process.once('disconnect', stop);
  // Last: its reader may send a signal at once.
  process.stdout.write(`LISTENING ${node.port}\n`);
  listening = true;
  for (const write of early) write();
}

main().catch((error: unknown) => {
  process.stderr.write(`event-store: ${error instanceof Error ? error.message : String(error)}\n`);
  void leave(error instanceof ConfigFaults ? EXIT_CONFIG : 1);
});
