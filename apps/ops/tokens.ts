import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { now } from '#platform/runtime/clock';
import { REVOCATIONS, type TokensRevoked } from '#platform/security/revocations';
import { EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { openApplication, operator } from './application';
import { configOf, type Whereabouts } from './system';
import { PlainFault, say, sayJson, table } from './terminal';

type Flags = Whereabouts & { json?: boolean; subject?: string; tokenId?: string; issuedBefore?: string; reason?: string };

async function withStore<T>(flags: Flags, work: (store: EventStore) => Promise<T>): Promise<T> {
  const app = await openApplication(configOf(flags));
  try {
    return await work(app.get(EventStore));
  } finally {
    await app.close();
  }
}

/** @throws PlainFault */
function revocationOf({ subject, tokenId, issuedBefore, reason }: Flags): TokensRevoked['data'] {
  if ((subject === undefined) === (tokenId === undefined)) throw new PlainFault('Name either --subject or --token-id.', 64);
  if (!reason || reason.trim().length < 3) throw new PlainFault('Give a reason for the auditor: --reason "…".', 64);
  const until = issuedBefore === undefined ? now() : new Date(issuedBefore);
  if (Number.isNaN(until.getTime()))
    throw new PlainFault(`--issued-before must be an instant such as 2026-01-05T08:00:00Z, was "${issuedBefore}".`, 64);
  return { ...(subject === undefined ? { tokenId } : { subject }), issuedBefore: until.toISOString(), reason };
}

async function revoke(flags: Flags): Promise<void> {
  const data = revocationOf(flags);
  const id = randomUUID();
  const { actor } = operator();
  const ids = { commandId: id, correlationId: id };
  const metadata = metadataOf({ command: 'RevokeTokens', facility: 'enterprise', actor, role: 'engineer', reason: data.reason, ...ids });
  await withStore(flags, (store) => store.append(REVOCATIONS, 'any', [{ type: 'TokensRevoked', data, metadata }]));
  say(
    `${data.subject === undefined ? `The token ${data.tokenId}` : `Tokens of ${data.subject}`}, issued until ${data.issuedBefore}: revoked. Every api refuses them within five seconds; open subscriptions end within half a minute more.`,
  );
}

async function list(flags: Flags): Promise<void> {
  const revoked = await withStore(flags, (store) => store.read<TokensRevoked>(REVOCATIONS));
  if (flags.json) return sayJson(revoked.map(({ data, metadata, recordedAt }) => ({ ...data, by: metadata.actor, recordedAt })));
  if (revoked.length === 0) return say('No tokens are revoked.');
  const rows = revoked.map(({ data, metadata, recordedAt }) => [
    data.subject ?? `token ${data.tokenId}`,
    data.issuedBefore,
    metadata.actor,
    recordedAt,
    data.reason,
  ]);
  say(table([['whose', 'issued until', 'by', 'recorded', 'why'], ...rows]));
}

export function addTokenCommands(group: Command): void {
  group
    .command('revoke')
    .description('revoke tokens before they expire')
    .option('--subject <sub>', 'all tokens of this subject')
    .option('--token-id <jti>', 'one token')
    .option('--issued-before <instant>', 'tokens issued until then; now when absent')
    .option('--reason <text>', 'why, for the auditor')
    .action((_: unknown, command: Command) => revoke(command.optsWithGlobals()));
  group
    .command('list')
    .description('what was revoked, by whom and why')
    .option('--json', 'print one JSON document')
    .action((_: unknown, command: Command) => list(command.optsWithGlobals()));
}
