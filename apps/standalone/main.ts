import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigFaults, EXIT_CONFIG, readConfig, startedByNpm, type Config } from '#platform/runtime/config';
import { DirectoryTaken, lockDirectory } from '#platform/embedded/directory-lock';
import { queueKind } from '#platform/processes/queue';
import { PlainFault, System } from './system';

const USAGE = `npm start -- [--empty]

Runs the whole system on this machine until Ctrl-C: PostgreSQL, the event store, the api and the worker.

  --empty   on the first start: no demo enterprise
  --help    this text

Settings come from the environment; .env.example lists them all.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function settings(): { config: Config; empty: boolean } {
  let empty = false;
  try {
    const { values } = parseArgs({ options: { empty: { type: 'boolean' }, help: { type: 'boolean' } } });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    empty = values.empty ?? false;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(EXIT_CONFIG);
  }
  const config = readConfig('standalone');
  if ((config.JWT_ISSUER === undefined) !== (config.JWKS_URL === undefined)) {
    throw new ConfigFaults('standalone', [
      'JWT_ISSUER and JWKS_URL belong together: set both for your own issuer, or neither for the built-in one.',
    ]);
  }
  return { config, empty };
}

/** @throws PlainFault when the port cannot be listened on. Port 0 gives any free one. */
const claimPort = (port: number, host: string): Promise<number> =>
  new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        new PlainFault(
          error.code === 'EADDRINUSE'
            ? `Port ${port} on ${host} is used by another program. Stop it, or choose another port: PORT=3100 npm start (PORT=0 for any free one).`
            : `Cannot listen on ${host}, port ${port}: ${error.message}. Choose another PORT or HOST.`,
        ),
      ),
    );
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : port));
    });
  });

/** @throws PlainFault when the directory cannot be used. */
function claimDirectory(directory: string): () => void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return lockDirectory(directory);
  } catch (error) {
    if (error instanceof DirectoryTaken) {
      throw new PlainFault(
        `The data directory ${directory} is in use: the system runs there already (process ${error.holder.pid}${runningAt(directory)}). ` +
          `Use that one, stop it, or choose another directory: DATA_DIR=… npm start`,
      );
    }
    throw new PlainFault(
      `The data directory ${directory} cannot be used: ${(error as Error).message}. Choose another one: DATA_DIR=… npm start`,
    );
  }
}

const runningAt = (directory: string): string => {
  try {
    return `, ${(JSON.parse(readFileSync(resolve(directory, 'endpoints.json'), 'utf8')) as { api: string }).api}`;
  } catch {
    return '';
  }
};

async function main(): Promise<void> {
  // Logs and data are confidential: readable by this user only.
  process.umask(0o077);
  const { config, empty } = settings();
  const directory = resolve(config.DATA_DIR);
  const unlock = claimDirectory(directory);
  const port = await claimPort(config.PORT, config.HOST);

  let ending: Promise<void> | undefined;
  const end = (why: string, code: number): Promise<void> =>
    (ending ??= (async () => {
      say(why);
      await system.stop();
      unlock();
      say('Stopped.');
      process.exit(code);
    })());
  const system = new System(config, port, say, (reason) => void end(reason.message, 1));
  let signalled = 0;
  const signal = (name: string) => () => {
    // npm forwards the Ctrl-C that the terminal has already sent to every app: two within a moment count as one.
    const again = performance.now() - signalled < 1_500;
    signalled = performance.now();
    if (!ending) return void end(`Stopping (${name}) …`, 0);
    if (again) return;
    say('Stopping at once.');
    system.hurry();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, signal(name));
  // npm stops only its shell, which forwards nothing: end with it.
  const starter = process.ppid;
  if (startedByNpm()) setInterval(() => process.ppid !== starter && signal('npm has ended')(), 250).unref();
  // There is a channel if a program started us: end with it.
  process.on('disconnect', signal('its starter has ended'));
  process.on('uncaughtException', (error) => void end(`Stopping after an unexpected error: ${error.stack}`, 1));

  say(`Starting in ${directory} …`);
  try {
    await system.start(!empty);
  } catch (error) {
    const text = error instanceof PlainFault || error instanceof ConfigFaults ? error.message : ((error as Error).stack ?? String(error));
    return end(ending ? '' : text, 1);
  }
  say(`
Ready.

  Writes to        ${system.writesTo}

  Console          ${system.consoleUrl}
  REST, try it     ${system.apiUrl}/docs
  GraphQL, try it  ${system.apiUrl}/graphiql
  Health           ${system.apiUrl}/health/ready
  Metrics          ${system.apiUrl}/metrics
  Addresses and tokens of every role: ${resolve(directory, 'endpoints.json')}
  Logs: ${resolve(directory, 'logs')}
  Job queue: ${queueKind(config) === 'redis' ? 'Redis' : 'PostgreSQL'}

Ctrl-C or \`npm stop\` stops everything; the next start continues where this one ended.
`);
}

process.stdout.on('error', () => undefined);
main().catch((error: unknown) => {
  const plain = error instanceof PlainFault || error instanceof ConfigFaults;
  process.stderr.write(`${plain ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(error instanceof ConfigFaults ? EXIT_CONFIG : 1);
});
