import { randomBytes, randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import { openPool } from '#platform/runtime/database';
import { ANALYST_ACCOUNTS, analystsAfter, type AnalystAdded, type AnalystEvent, type AnalystRemoved } from '#platform/security/analysts';
import { EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { accountOf, removeAnalyst, RoleLeft, setAnalyst } from '#platform/views/analyst-role';
import { openApplication, operator } from './application';
import { configOf, ownerUrlOf, type Whereabouts } from './system';
import { PlainFault, say, sayJson, table } from './terminal';

type Flags = Whereabouts & { json?: boolean; facilities?: string; auditor?: boolean; reason?: string };
type Parts = Readonly<{ store: EventStore; pool: Pool; seconds: number }>;

async function withParts<T>(flags: Flags, work: (parts: Parts) => Promise<T>): Promise<T> {
  const config = configOf(flags);
  const app = await openApplication(config);
  const pool = openPool(ownerUrlOf(config), 'ops', 1);
  try {
    return await work({ store: app.get(EventStore), pool, seconds: config.ANALYST_SECONDS });
  } finally {
    await pool.end();
    await app.close();
  }
}

/** @throws PlainFault */
const checkedReason = ({ reason }: Flags): string => {
  if (!reason || reason.trim().length < 3) throw new PlainFault('Give a reason for the auditor: --reason "…".', 64);
  return reason;
};

/** @throws PlainFault */
const checkedName = (name: string): string => {
  if (/^[a-z][a-z0-9_]{0,39}$/.test(name)) return name;
  throw new PlainFault(`The name must be 1 to 40 lower-case letters, digits and _, beginning with a letter; it was "${name}".`, 64);
};

async function scopesOf(store: EventStore, { facilities }: Flags): Promise<string[]> {
  const scopes = [...new Set((facilities ?? '').split(',').map((id) => id.trim()))].filter((id) => id !== '').sort();
  if (scopes.length === 0)
    throw new PlainFault('Name the facilities of the account: --facilities haifa,lyon, or --facilities "*" for all.', 64);
  if (scopes.includes('*')) return ['*'];
  for (const id of scopes) {
    if ((await store.read(`facility-${id}`, 0n, { maxCount: 1 })).length === 0)
      throw new PlainFault(`Unknown facility ${id}. GET /facility lists all.`, 64);
  }
  return scopes;
}

async function record(store: EventStore, event: Pick<AnalystAdded | AnalystRemoved, 'type' | 'data'>): Promise<void> {
  const id = randomUUID();
  const ids = { commandId: id, correlationId: id };
  const { reason } = event.data;
  const command = event.type === 'AnalystAdded' ? 'AddAnalyst' : 'RemoveAnalyst';
  const metadata = metadataOf({ command, facility: 'enterprise', actor: operator().actor, role: 'engineer', reason, ...ids });
  await store.append(ANALYST_ACCOUNTS, 'any', [{ ...event, metadata } as never]);
}

async function add(given: string, flags: Flags): Promise<void> {
  const [name, reason, auditor] = [checkedName(given), checkedReason(flags), flags.auditor === true];
  await withParts(flags, async ({ store, pool, seconds }) => {
    const scopes = await scopesOf(store, flags);
    const password = randomBytes(18).toString('base64url');
    // Recorded before it takes effect: no account can be used that the list does not show.
    const recorded = () => record(store, { type: 'AnalystAdded', data: { name, scopes, auditor, reason } });
    await setAnalyst(pool, { account: accountOf(name), scopes, auditor }, password, { seconds }, recorded).catch(
      (error: Error & { code?: string }) => {
        if (error.code === '42704')
          throw new PlainFault(
            'The groups of analysts do not exist yet: start a worker as the owner of the database, or run `ops accounts`; then send this again.',
          );
        if (error.code === '42501')
          throw new PlainFault(`This role of PostgreSQL may not create others: ${error.message}. Set DATABASE_OWNER_URL.`);
        throw error;
      },
    );
    if (flags.json) return sayJson({ account: accountOf(name), password, scopes, auditor });
    say(
      `${accountOf(name)} may log in, sees ${scopes[0] === '*' ? 'all facilities' : scopes.join(', ')}${auditor ? ' and the audit' : ''}.`,
    );
    say(`Its password, which is shown only now: ${password}`);
  });
}

async function remove(given: string, flags: Flags): Promise<void> {
  const [name, reason] = [checkedName(given), checkedReason(flags)];
  await withParts(flags, async ({ store, pool }) => {
    let known = false;
    const recorded = async () => {
      known = analystsAfter(await store.read<AnalystEvent>(ANALYST_ACCOUNTS)).has(name);
      if (known) await record(store, { type: 'AnalystRemoved', data: { name, reason } });
    };
    const there = await removeAnalyst(pool, accountOf(name), recorded).catch((error: Error) => {
      throw error instanceof RoleLeft ? new PlainFault(error.message) : error;
    });
    if (!known && !there) throw new PlainFault(`There is no account ${accountOf(name)}. \`ops analysts list\` shows all.`);
  });
  say(`${accountOf(name)} is removed; its sessions have ended.`);
}

async function list(flags: Flags): Promise<void> {
  const events = await withParts(flags, ({ store }) => store.read<AnalystEvent>(ANALYST_ACCOUNTS));
  const accounts = [...analystsAfter(events).values()].map(({ data, metadata, recordedAt }) => ({
    account: accountOf(data.name),
    scopes: data.scopes,
    auditor: data.auditor,
    by: metadata.actor,
    recordedAt,
    reason: data.reason,
  }));
  if (flags.json) return sayJson(accounts);
  if (accounts.length === 0) return say('There are no accounts of persons; the role `analyst` sees all facilities, but not the audit.');
  const rows = accounts.map(({ account, scopes, auditor, by, recordedAt, reason }) => [
    ...[account, scopes.join(', '), auditor ? 'yes' : 'no', by, recordedAt, reason],
  ]);
  say(table([['account', 'facilities', 'audit', 'by', 'recorded', 'why'], ...rows]));
}

export function addAnalystCommands(group: Command): void {
  group
    .command('add')
    .description('give a person a login for SQL, or change it; prints a new password')
    .argument('<name>', 'the login is analyst_<name>')
    .option('--facilities <ids>', 'facilities whose rows it sees, separated by commas; "*" for all')
    .option('--auditor', 'it may also read who did what: audit_trail, command_log')
    .option('--reason <text>', 'why, for the auditor')
    .option('--json', 'print one JSON document')
    .action((name: string, _: unknown, command: Command) => add(name, command.optsWithGlobals()));
  group
    .command('remove')
    .description('end its sessions and remove it')
    .argument('<name>', 'as it was added')
    .option('--reason <text>', 'why, for the auditor')
    .action((name: string, _: unknown, command: Command) => remove(name, command.optsWithGlobals()));
  group
    .command('list')
    .description('who has a login for SQL, to which facilities, by whom and why')
    .option('--json', 'print one JSON document')
    .action((_: unknown, command: Command) => list(command.optsWithGlobals()));
}
