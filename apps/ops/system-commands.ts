import type { Command } from 'commander';
import { migrate } from '#platform/runtime/database';
import { openRepl } from './repl';
import { configOf, endpointsOf, type Whereabouts } from './system';
import { brief, PlainFault, say, sayJson } from './terminal';

type Flags = Whereabouts & { json?: boolean; secrets?: boolean; facility?: string };

/** The URL without its password. */
const withoutPassword = (url: string): string => url.replace(/(:\/\/[^:/@]+:)[^@]+@/, '$1***@');

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
  const done = await migrate(configOf(flags).DATABASE_URL!);
  if (flags.json) sayJson({ migrations: done });
  else say(done.length === 0 ? 'The fixed tables are up to date.' : `Migrated: ${done.join(', ')}`);
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
    .command('repl')
    .description('a Node prompt with the slices loaded')
    .action((_: unknown, command: Command) => openRepl(command.optsWithGlobals()));
}
