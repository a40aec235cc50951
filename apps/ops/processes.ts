import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { Pool } from 'pg';
import { Registry } from '#platform/commands/registry';
import { labelOf } from '#platform/processes/labels';
import { type Operator, ProcessOperations } from '#platform/processes/operations';
import { EventStore } from '#platform/store/event-store';
import { processes } from '#processes/processes';
import { openApplication, operator } from './application';
import { ask, configOf, type Whereabouts } from './system';
import { brief, PlainFault, say, sayJson, table } from './terminal';

type Flags = Whereabouts & { json?: boolean; process?: string; state?: string; reason?: string; refused?: string; first?: string };

async function withOperations<T>(flags: Flags, work: (operations: ProcessOperations) => Promise<T>): Promise<T> {
  const app = await openApplication(configOf(flags));
  const registry = app.get(Registry);
  try {
    return await work(
      new ProcessOperations(app.get(EventStore), app.get(Pool), processes, ({ type, data }) => registry.targetOf(type, data) ?? ''),
    );
  } finally {
    await app.close();
  }
}

/** The person at this terminal, with a reason. @throws PlainFault */
function deciding({ reason }: Flags): Operator {
  if (!reason || reason.trim().length < 3) throw new PlainFault('Give a reason for the auditor: --reason "…".', 64);
  return { actor: operator().actor, role: 'engineer', correlationId: randomUUID(), reason };
}

async function list(flags: Flags): Promise<void> {
  const { process, state, first = '50' } = flags;
  const page = await ask(flags, ['engineer', 'supervisor'], 'processes', { process, state, first });
  const items = page['items'] as Record<string, string | null>[];
  if (flags.json) return sayJson(items);
  if (items.length === 0) return say('No instances.');
  const columns = ['process', 'instanceId', 'state', 'status', 'waitingFor', 'dueAt', 'lastError'];
  say(table([columns, ...items.map((row) => columns.map((column) => brief(row[column] ?? '', 60)))]));
}

async function show(process: string, id: string, flags: Flags): Promise<void> {
  await withOperations(flags, async (operations) => {
    const look = await operations.look(process, id);
    if (flags.json) return sayJson(look);
    const { status, version, over, paused, parked, pending, timers, waiting, timeline } = look;
    const stands = parked ? `parked: ${parked.reason}` : paused ? 'paused' : over ? 'over' : 'under way';
    say(`${process} ${id}, version ${version}: ${status ?? '–'} (${stands})`);
    if (parked) say(`  on ${parked.on.type}: ${brief(parked.error, 200)}`);
    for (const { commandId, type } of pending) say(`  no outcome yet: ${type}, command id ${commandId}`);
    for (const { timer, dueAt } of timers) say(`  timer "${timer}" at ${dueAt}`);
    if (waiting.length > 0) say(`  ${waiting.length} inputs wait, ${waiting[0]!.type} first`);
    const rows = timeline.map((event) => [String(event.revision), event.recordedAt, event.metadata.actor, brief(labelOf(event), 160)]);
    say(table([['revision', 'recorded', 'by', 'what'], ...rows], [0]));
  });
}

type Decision = (operations: ProcessOperations, process: string, id: string, by: Operator) => Promise<void>;
const decisions: readonly (readonly [name: string, about: string, done: string, decide: Decision])[] = [
  ['retry', 'retry a parked instance', 'The worker retries it.', (all, process, id, by) => all.retry(process, id, by)],
  [
    'skip',
    'skip the input or action that a parked instance is stopped at',
    'Skipped; the decision is recorded in its stream.',
    (all, ...of) => all.skip(...of),
  ],
  ['pause', 'pause an instance: its inputs wait', 'Paused.', (all, ...of) => all.pause(...of)],
  ['resume', 'resume a paused instance', 'Resumed.', (all, ...of) => all.resume(...of)],
];

async function force(process: string, id: string, commandId: string, flags: Flags): Promise<void> {
  const by = deciding(flags);
  const outcome = flags.refused ? { refused: { code: flags.refused, message: by.reason } } : { accepted: {} };
  await withOperations(flags, (operations) => operations.force(process, id, commandId, outcome, by));
  say(`The action counts as ${flags.refused ? `refused: ${flags.refused}` : 'accepted'}; the decision is recorded in its stream.`);
}

async function migrate(process: string, id: string, version: string, flags: Flags): Promise<void> {
  const by = deciding(flags);
  if (!/^[1-9]\d{0,5}$/.test(version)) throw new PlainFault(`The version must be a whole number from 1, was "${version}".`, 64);
  await withOperations(flags, (operations) => operations.migrate(process, id, Number(version), by));
  say(`Migrated to version ${version}.`);
}

export function addProcessCommands(program: Command): void {
  const group = program.command('processes').description('operate processes and their instances');
  const json = (command: Command) => command.option('--json', 'print one JSON document');
  const reason = (command: Command) => command.option('--reason <text>', 'why, for the auditor');
  json(group.command('list').description('instances, latest change first'))
    .option('--process <name>', 'of one process')
    .option('--state <state>', 'Waiting, Acting, Parked, Paused or Over')
    .option('--first <number>', 'how many; 50 when absent')
    .action((_: unknown, command: Command) => list(command.optsWithGlobals()));
  json(group.command('show').description('one instance: its status and history'))
    .argument('<process>')
    .argument('<instance>')
    .action((process: string, id: string, _: unknown, command: Command) => show(process, id, command.optsWithGlobals()));
  for (const [name, about, done, decide] of decisions)
    reason(group.command(name).description(about))
      .argument('<process>')
      .argument('<instance>')
      .action(async (process: string, id: string, _: unknown, command: Command) => {
        const flags: Flags = command.optsWithGlobals();
        const by = deciding(flags);
        await withOperations(flags, (operations) => decide(operations, process, id, by));
        say(done);
      });
  reason(group.command('force').description('force the outcome of a requested action: accepted, or --refused <code>'))
    .argument('<process>')
    .argument('<instance>')
    .argument('<commandId>')
    .option('--refused <code>', 'it counts as refused, with this code')
    .action((process: string, id: string, commandId: string, _: unknown, command: Command) =>
      force(process, id, commandId, command.optsWithGlobals()),
    );
  reason(group.command('migrate').description('migrate an instance to another version of its definition'))
    .argument('<process>')
    .argument('<instance>')
    .argument('<version>')
    .action((process: string, id: string, version: string, _: unknown, command: Command) =>
      migrate(process, id, version, command.optsWithGlobals()),
    );
  for (const [name, about] of [
    ['stop', 'stop a process in all plants'],
    ['start', 'start a process that was stopped'],
  ] as const)
    reason(group.command(name).description(about))
      .argument('<process>')
      .action(async (process: string, _: unknown, command: Command) => {
        const flags: Flags = command.optsWithGlobals();
        const by = deciding(flags);
        await withOperations(flags, (operations) =>
          name === 'stop' ? operations.stopProcess(process, by) : operations.startProcess(process, by),
        );
        say(name === 'stop' ? 'Stopped: it handles no input until it is started.' : 'Started: it continues where it stopped.');
      });
}
