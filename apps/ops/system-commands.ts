import type { Command } from 'commander';
import { migrate, openPool } from '#platform/runtime/database';
import { withoutPassword } from '#platform/runtime/tls';
import { ensureStoreUsers } from '#platform/store/store-users';
import { ensureAnalyst } from '#platform/views/analyst-role';
import { ensureRoles } from '#platform/views/database-roles';
import { views } from '#slices';
import { openRepl } from './repl';
import { configOf, endpointsOf, ownerUrlOf, type Whereabouts } from './system';
import { brief, PlainFault, say, sayJson } from './terminal';

type Flags = Whereabouts & { json?: boolean; secrets?: boolean; facility?: string };

function endpoints(flags: Flags): void {
  const { tokens = {}, ...urls } = endpointsOf(flags);
  if (Object.keys(urls).length === 0) throw new PlainFault('No running system found. Start it with `npm start`, or give --data-dir.');
  const shown = Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, flags.secrets ? url : withoutPassword(String(url))]));
  if (flags.json) return sayJson({ ...shown, tokens: flags.secrets ? tokens : Object.keys(tokens) });
  for (const [name, url] of Object.entries(shown)) say(`${name.padEnd(12)}${url}`);
  say(`tokens      ${Object.keys(tokens).join(', ') || 'none'}`);
}

function token(role: string, flags: Flags): void {
  const { tokens = {} } = endpointsOf(flags);
  const name = flags.facility ? `${role}@${flags.facility}` : role;
  const found = tokens[name];
  if (!found) {
    const known = Object.keys(tokens).join(', ');
    throw new PlainFault(
      known
        ? `Unknown token ${brief(name)}; known: ${known}.`
        : 'There are no tokens. Only the development issuer of `npm start` makes them.',
    );
  }
  say(found);
}

async function migrateCommand(flags: Flags): Promise<void> {
  const done = await migrate(ownerUrlOf(configOf(flags)));
  if (flags.json) sayJson({ migrations: done });
  else say(done.length === 0 ? 'The fixed tables are up to date.' : `Migrated: ${done.join(', ')}`);
}

/** Makes the accounts of the apps: after this, none of them needs the owner of the database or an administrator of the event store. */
async function accounts(flags: Flags): Promise<void> {
  const config = configOf(flags);
  const [api, worker, ops, admin] = [config.API_PASSWORD, config.WORKER_PASSWORD, config.OPS_PASSWORD, config.EVENTSTORE_ADMIN_URL];
  if (!api || !worker || !ops) throw new PlainFault('Set API_PASSWORD, WORKER_PASSWORD and OPS_PASSWORD: each app gets its own.', 64);
  const owner = ownerUrlOf(config);
  await migrate(owner);
  await ensureRoles(owner, { api, worker, ops });
  const pool = openPool(owner, 'ops', 1);
  await ensureAnalyst(pool, views, config.ANALYST_PASSWORD, { seconds: config.ANALYST_SECONDS }).finally(() => pool.end());
  say('PostgreSQL: the tables are up to date; plantlog_api, plantlog_worker and plantlog_ops have their rights.');
  if (!admin) return say('Event store: EVENTSTORE_ADMIN_URL is not set; its users are as before.');
  await ensureStoreUsers(admin, { api, worker, ops });
  say('Event store: plantlog-api, plantlog-worker and plantlog-ops have their rights.');
}

export function addSystemCommands(program: Command): void {
  program
    .command('endpoints')
    .description('where the running system is')
    .option('--json', 'print one JSON document')
    .option('--secrets', 'with passwords and tokens')
    .action((_: unknown, command: Command) => endpoints(command.optsWithGlobals()));
  program
    .command('token')
    .description('an access token of the development issuer, for curl')
    .argument('<role>', 'operator, supervisor, planner, quality, auditor, analyst, engineer or device')
    .option('--facility <facility>', 'for one facility only')
    .action((role: string, _: unknown, command: Command) => token(role, command.optsWithGlobals()));
  program
    .command('migrate')
    .description('migrate the fixed tables of PostgreSQL')
    .option('--json', 'print one JSON document')
    .action((_: unknown, command: Command) => migrateCommand(command.optsWithGlobals()));
  program
    .command('accounts')
    .description('make the accounts of the apps in PostgreSQL and the event store, or set their passwords')
    .action((_: unknown, command: Command) => accounts(command.optsWithGlobals()));
  program
    .command('repl')
    .description('a Node prompt with the slices loaded')
    .action((_: unknown, command: Command) => openRepl(command.optsWithGlobals()));
}
