import type { Command } from 'commander';
import { AuditController } from '#audit/audit.queries';
import type { Change } from '#audit/changes';
import { inContext } from '#platform/security/context';
import { whole } from './import';
import { openApplication, operator } from './application';
import { ask, configOf, type Whereabouts } from './system';
import { brief, PlainFault, Progress, say, sayJson, sayJsonLine, table } from './terminal';

type Flags = Whereabouts & { direct?: boolean; json?: boolean; limit?: string } & Record<string, string | boolean | undefined>;
type Answer = Record<string, unknown>;
/** Sends one of the auditors' queries to the system. */
type Question = (path: 'history' | 'state' | 'difference' | 'replay', query: Answer) => Promise<Answer>;

const READERS = ['auditor', 'quality', 'supervisor'];

/** Through the api, limited to the reader's facilities; with --direct on the event store, without limits. */
async function asking<T>(flags: Flags, work: (question: Question) => Promise<T>): Promise<T> {
  if (!flags.direct) return work((path, query) => ask(flags, READERS, `audit/${path}`, query));
  const app = await openApplication(configOf(flags));
  try {
    const audit = app.get(AuditController);
    return await work((path, query) =>
      inContext(
        { correlationId: `ops-${process.pid}`, principal: operator() },
        async () => (await audit[path]({ ...query } as never)) as unknown as Answer,
      ),
    );
  } finally {
    await app.close();
  }
}

/** All items of a paged answer, up to a limit. */
async function* pages(question: Question, path: 'history' | 'replay', query: Answer, limit: number): AsyncGenerator<Answer> {
  let left = limit;
  for (let after: unknown; left > 0;) {
    const page = await question(path, { ...query, limit: Math.min(500, left), ...(after === undefined ? {} : { after }) });
    const items = page.items as Answer[];
    yield* items;
    left -= items.length;
    if (!page.nextCursor) return;
    after = page.nextCursor;
  }
}

const instant = (text: unknown): string | undefined => {
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /(Z|[+-]\d\d:\d\d)$/.test(text) && Number.isFinite(Date.parse(text))) return text;
  throw new PlainFault(`A time must have an offset, such as 2026-01-05T08:00:00+02:00, was ${brief(text)}.`, 64);
};
const position = (text: unknown): string | undefined => {
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /^\d{1,20}(-[0-9a-f]{8})?$/.test(text)) return text;
  throw new PlainFault(`A position must be a number such as 4711, was ${brief(text)}.`, 64);
};
const given = (query: Answer): Answer => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
const limitOf = (flags: Flags): number => whole(flags.limit, 'limit', 1, 999_999_999) ?? 999_999_999;

const changeLines = (changes: readonly Change[]): string[][] =>
  changes.map((change) => ['', change.path, 'old' in change ? brief(change.old) : '–', '→', 'new' in change ? brief(change.new) : '–']);

async function history(entity: string, flags: Flags): Promise<void> {
  await asking(flags, async (question) => {
    for await (const entry of pages(question, 'history', { entity }, limitOf(flags))) {
      if (flags.json) {
        sayJsonLine(entry);
        continue;
      }
      const {
        kind,
        type,
        revision,
        position: at,
        recordedAt,
        occurredAt,
        actor,
        role,
        device,
        reason,
        command,
        changes,
        data,
      } = entry as Record<string, string> & { changes: Change[]; data: unknown };
      say(`${kind === 'refusal' ? '✗ refused' : `#${revision}`} ${type}  (position ${at})`);
      say(
        `    ${occurredAt}, recorded ${recordedAt}, by ${actor} as ${role}${device ? ` at ${device}` : ''}, ${command}${reason ? `, because: ${reason}` : ''}`,
      );
      if (kind === 'refusal') say(`    ${brief((data as { message?: string }).message, 120)}`);
      else if (changes.length > 0) say(table(changeLines(changes)));
    }
  });
}

async function asOf(entity: string, flags: Flags): Promise<void> {
  const query = given({
    entity,
    position: position(flags.position),
    recordedAt: instant(flags.recordedAt),
    occurredAt: instant(flags.occurredAt),
  });
  sayJson(await asking(flags, (question) => question('state', query)));
}

async function difference(entity: string, flags: Flags): Promise<void> {
  const query = given({
    entity,
    fromPosition: position(flags.fromPosition),
    fromRecordedAt: instant(flags.fromRecordedAt),
    fromOccurredAt: instant(flags.fromOccurredAt),
    toPosition: position(flags.toPosition),
    toRecordedAt: instant(flags.toRecordedAt),
    toOccurredAt: instant(flags.toOccurredAt),
  });
  const answer = await asking(flags, (question) => question('difference', query));
  if (flags.json) return sayJson(answer);
  const changes = answer.changes as Change[];
  say(changes.length === 0 ? 'No difference.' : table(changeLines(changes).map((line) => line.slice(1))));
  say(`${(answer.events as unknown[]).length} events in between`);
}

async function replay(flags: Flags): Promise<void> {
  const query = given({
    stream: flags.stream,
    category: flags.category,
    type: flags.type,
    actor: flags.actor,
    facility: flags.facility,
    correlationId: flags.correlation,
    from: position(flags.from),
    to: position(flags.to),
    recordedFrom: instant(flags.recordedFrom),
    recordedTo: instant(flags.recordedTo),
  });
  const progress = new Progress();
  let seen = 0;
  await asking(flags, async (question) => {
    for await (const event of pages(question, 'replay', query, limitOf(flags))) {
      seen += 1;
      if (flags.json) sayJsonLine(event);
      else {
        const {
          position: at,
          recordedAt,
          stream,
          revision,
          type,
          metadata,
        } = event as Record<string, string> & { metadata: { actor?: string } };
        say(`${at!.padStart(12)}  ${recordedAt}  ${stream}@${revision}  ${type}  ${metadata.actor ?? ''}`);
      }
      if (!process.stdout.isTTY) progress.show('replaying', seen, seen);
    }
  });
  progress.end();
}

export function addAuditCommands(program: Command): void {
  const common = (command: Command) =>
    command
      .option('--direct', 'read the event store directly, without the api')
      .option('--json', 'print JSON: one document, or one per line');
  const entity = '<entity>';
  const stream = 'the stream of the entity, e.g. work-order-haifa.Case1';
  common(program.command('history').description('who did what to an entity, when and why, with old and new values, and refusals'))
    .argument(entity, stream)
    .option('--limit <n>', 'maximum number of entries')
    .action((name: string, _: unknown, command: Command) => history(name, command.optsWithGlobals()));
  common(program.command('as-of').description('the state of an entity as of a position, a known time or a floor time; now without these'))
    .argument(entity, stream)
    .option('--position <position>', 'up to this position of the log')
    .option('--recorded-at <time>', 'what was known at this time')
    .option('--occurred-at <time>', 'what had happened by this time')
    .action((name: string, _: unknown, command: Command) => asOf(name, command.optsWithGlobals()));
  common(program.command('diff').description('what changed in an entity between two moments; from the start, or until now, without one'))
    .argument(entity, stream)
    .option('--from-position <position>', 'first moment')
    .option('--from-recorded-at <time>', 'first moment, as it was known')
    .option('--from-occurred-at <time>', 'first moment, as it had happened')
    .option('--to-position <position>', 'second moment')
    .option('--to-recorded-at <time>', 'second moment, as it was known')
    .option('--to-occurred-at <time>', 'second moment, as it had happened')
    .action((name: string, _: unknown, command: Command) => difference(name, command.optsWithGlobals()));
  common(program.command('replay').description('the raw log, as stored'))
    .option('--stream <stream>', 'one stream')
    .option('--category <category>', 'all streams of a category, e.g. work-order')
    .option('--type <type>', 'one type of event')
    .option('--actor <actor>', 'who did it')
    .option('--facility <facility>', 'of one plant')
    .option('--correlation <id>', 'everything that follows from one request')
    .option('--from <position>', 'from this position on')
    .option('--to <position>', 'up to this position')
    .option('--recorded-from <time>', 'recorded at this time or later')
    .option('--recorded-to <time>', 'recorded by this time')
    .option('--limit <n>', 'maximum number of events')
    .action((_: unknown, command: Command) => replay(command.optsWithGlobals()));
}
