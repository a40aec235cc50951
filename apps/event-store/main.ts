import { parseArgs } from 'node:util';
import { startNode } from '#event-log/node';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env.PORT ?? '2113' },
      host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
      'data-dir': { type: 'string', default: process.env.DATA_DIR ?? 'data/event-store' },
    },
  });
  const node = await startNode({ dataDir: values['data-dir'], port: Number(values.port), host: values.host });
  process.stdout.write(`LISTENING ${node.port}\n`);
  const stop = () => void node.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Forked by a supervisor: the channel closes when that one dies, by kill -9 too.
  process.once('disconnect', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`event-store: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
