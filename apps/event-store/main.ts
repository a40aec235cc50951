import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { backup, restore, verify } from '#event-log/log/backup';
import type { Faults } from '#event-log/wire/fault-injection';
import { type NodeOptions, startNode } from '#event-log/node';
import { SYSTEM_PROJECTIONS } from '#event-log/projections/system-projections';
import { createLog } from '#platform/runtime/logging';

const usage = `event-store [--port N] [--host H] [--data-dir DIR] [--tls-cert F --tls-key F]  serve; the first line on stdout is LISTENING <port>
    --advertise-host H                                 what gossip tells clients to connect to
    --system-projections                               keep $ce-, $et-, $category- streams and $streams
    --max-append-size BYTES                            of one append, 1048576 unless told otherwise
    --inject-faults JSON                               for tests: {"slowMs":50}, {"mute":true}, {"dropAfter":100}, …
event-store verify  --data-dir DIR                     read and check every byte of a log
event-store backup  --data-dir DIR --to DIR            copy a log; its node may keep running
event-store restore --from DIR --data-dir DIR          put a backup into an empty directory
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: process.env.PORT ?? '2113' },
      host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
      'data-dir': { type: 'string', default: process.env.DATA_DIR ?? 'data/event-store' },
      'unsafe-disable-fsync': { type: 'boolean', default: false },
      'tls-cert': { type: 'string', default: process.env.TLS_CERT },
      'tls-key': { type: 'string', default: process.env.TLS_KEY },
      'system-projections': { type: 'boolean', default: process.env.SYSTEM_PROJECTIONS === 'true' },
      'max-append-size': { type: 'string', default: process.env.MAX_APPEND_SIZE },
      'inject-faults': { type: 'string' },
      'advertise-host': { type: 'string', default: process.env.ADVERTISE_HOST },
      to: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const dataDir = values['data-dir'];
  const command = positionals[0] ?? 'serve';
  const report = (found: object) => process.stdout.write(`${JSON.stringify(found)}\n`);
  if (values.help) process.stdout.write(usage);
  else if (command === 'verify') report(verify(dataDir));
  else if (command === 'backup' && values.to) report(backup(dataDir, values.to));
  else if (command === 'restore' && values.from) report(restore(values.from, dataDir));
  else if (command !== 'serve') throw new Error(`unknown or incomplete command\n${usage}`);
  else {
    const tls = certificate(values['tls-cert'], values['tls-key']);
    await serve({
      dataDir,
      port: Number(values.port),
      host: values.host,
      maxAppendSize: values['max-append-size'] ? bytes(values['max-append-size']) : undefined,
      durable: !values['unsafe-disable-fsync'],
      tls,
      advertiseHost: values['advertise-host'],
      systemProjections: values['system-projections'] ? SYSTEM_PROJECTIONS : [],
      faults: values['inject-faults'] ? (JSON.parse(values['inject-faults']) as Faults) : undefined,
      adminPassword: process.env.DEFAULT_ADMIN_PASSWORD,
      opsPassword: process.env.DEFAULT_OPS_PASSWORD,
    });
  }
}

function bytes(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 16 * 1024 * 1024)
    throw new Error('--max-append-size is a number of bytes up to 16777216');
  return value;
}

/** Reads the PEM files of TLS mode; undefined without them. */
function certificate(cert: string | undefined, key: string | undefined): NodeOptions['tls'] {
  if (!cert !== !key) throw new Error('--tls-cert and --tls-key belong together');
  return cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : undefined;
}

async function serve(options: NodeOptions): Promise<void> {
  const log = createLog('event-store', process.env.LOG_LEVEL || 'info');
  // Whoever starts the node waits for this line; what the node reports after it is JSON like that of the other apps.
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
  void node.closed.then(() => process.exit(0));
  const stop = () => void node.close();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Forked by a supervisor: the channel closes when that one dies, by kill -9 too.
  process.once('disconnect', stop);
  // Last: whoever reads it may send a signal at once.
  process.stdout.write(`LISTENING ${node.port}\n`);
  listening = true;
  for (const write of early) write();
}

main().catch((error: unknown) => {
  process.stderr.write(`event-store: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
