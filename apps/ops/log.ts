import { Command } from 'commander';
import { Connection } from '#platform/store/connection';
import { compareLogs, type Comparison } from '#platform/store/log-compare';
import { comparedBefore, CopyRefused, LogCopy, type CopyProgress } from '#platform/store/log-copy';
import { logReader } from '#platform/store/log-reader';
import { survey, type Survey } from '#platform/store/log-survey';
import { addLogFileCommands } from './log-files';
import { PlainFault, Progress, say, sayJson, tell } from './terminal';

type Flags = { from: string; to: string; follow?: boolean; whole?: boolean; json?: boolean };

function connectionTo(url: string, which: string): Connection {
  try {
    return new Connection(url);
  } catch (error) {
    throw new PlainFault(`--${which} must be a connection string such as esdb://localhost:2113?tls=false. ${(error as Error).message}`, 64);
  }
}

async function withLogs<T>({ from, to }: Flags, work: (from: Connection, to: Connection) => Promise<T>): Promise<T> {
  const [source, target] = [connectionTo(from, 'from'), connectionTo(to, 'to')];
  try {
    return await work(source, target);
  } catch (error) {
    if (error instanceof CopyRefused) throw new PlainFault(error.message);
    throw error;
  } finally {
    source.close();
    target.close();
  }
}

const LISTED = 20;
/** Printed before anything is written. */
function tellWhatStays({ events, streams, leftOut, ownStreams }: Survey): void {
  tell(`${events} events in ${streams} streams.`);
  tell(
    `Not copied: users and passwords, positions${ownStreams.length > 0 ? `, and what the store keeps for itself in ${ownStreams.slice(0, LISTED).join(', ')}` : ''}.`,
  );
  for (const [stream, why] of [...leftOut].slice(0, LISTED)) tell(`Not copied: ${stream}, because ${why}.`);
  if (leftOut.size > LISTED) tell(`Not copied: ${leftOut.size - LISTED} more streams whose beginning is gone.`);
}

async function copy(flags: Flags): Promise<void> {
  await withLogs(flags, async (from, to) => {
    const progress = new Progress();
    const begun = performance.now();
    let told = false;
    const shown = ({ events, compared }: CopyProgress) => {
      progress.show('copying', events, Math.max(events, found.events));
      if (told || compared === 0 || compared < events) return;
      told = true;
      tell(`All ${compared} events so far are the same in the target; from now on \`log compare\` checks only newer ones.`);
    };
    const log = new LogCopy(from, to, shown);
    const found = await log.survey();
    tellWhatStays(found);
    const stop = new AbortController();
    if (flags.follow) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      tell('Following the source. Stop with Ctrl-C once nothing writes to it.');
    }
    try {
      const { events, position } = await log.run(found, flags.follow ? stop.signal : undefined);
      progress.end();
      const seconds = (performance.now() - begun) / 1_000;
      if (flags.json) sayJson({ events, position, leftOut: Object.fromEntries(found.leftOut), seconds });
      else say(`The target holds ${events} events; the source was read up to position ${position}.`);
    } finally {
      progress.end();
      log.close();
    }
  });
}

/** How many events were compared when. */
function whenCompared({ events, before }: Comparison): string {
  if (!before) return '';
  return `\n  ${before.events} of them were compared while they were copied, up to ${before.at}; ${events - before.events} now. --whole compares all of them now.`;
}

async function compare(flags: Flags): Promise<void> {
  await withLogs(flags, async (from, to) => {
    const [one, other] = [logReader(from), logReader(to)];
    const known = flags.whole ? undefined : await comparedBefore(one, other);
    const leftOut = known?.leftOut ?? (await survey(one)).leftOut;
    const result = await compareLogs(one, other, leftOut, known?.compared);
    for (const reader of [one, other]) reader.close?.();
    const { equal, events, firstDifference: first } = result;
    if (flags.json) sayJson({ ...result, leftOut: Object.fromEntries(leftOut) });
    else if (equal) {
      const without = leftOut.size > 0 ? `; ${leftOut.size} streams whose beginning is gone were left out` : '';
      say(`= ${events} events are the same${without}.${whenCompared(result)}`);
    } else say(`DIFFERS after ${events} events: ${first!.what} of ${first!.where}\n  from  ${first!.from}\n  to    ${first!.to}`);
    if (!equal) throw new PlainFault('', 2);
  });
}

export function addLogCommands(program: Command): void {
  const group = program.command('log').description('back the log up, restore it, take it to another event store');
  addLogFileCommands(group);
  const common = (command: Command) =>
    command
      .requiredOption('--from <url>', 'connection string of the source event store')
      .requiredOption('--to <url>', 'connection string of the target event store')
      .option('--json', 'as JSON');
  common(group.command('copy').description('copy everything into an empty event store; safe to repeat and to resume'))
    .option('--follow', 'keep copying new events until Ctrl-C')
    .action((flags: Flags) => copy(flags));
  common(group.command('compare').description('compare two logs event by event; exit code 2 if they differ'))
    .option('--whole', 'compare also what `log copy --follow` has already compared')
    .action((flags: Flags) => compare(flags));
}
