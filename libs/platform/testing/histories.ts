/**
 * Recorded histories of processes: the inputs of instances, and what was decided. Hides: their files and format. Promises: a replay finds
 * every decision that the code now makes differently; the diagram shows the recorded steps. Does not: run a process.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { env } from 'node:process';
import type { AnyProcess, Reaction } from '#kernel/process';

type Plain = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>;
export type RecordedStep = Readonly<{ input: Plain; at: string; reactions: readonly Reaction<Plain>[]; status: string }>;
export type History = Readonly<{ process: string; steps: readonly RecordedStep[] }>;

/** What the code decides now for the recorded inputs. */
export function replay(process: AnyProcess, { steps }: History): RecordedStep[] {
  let state: unknown = process.initial;
  return steps.map(({ input, at }) => {
    state = process.evolve(state, input as never);
    const reactions = process.react(state, input as never, at) as readonly Reaction<Plain>[];
    return { input, at, reactions, status: process.status?.(state) ?? '' };
  });
}

/** One kind of step, as an arrow of the diagram: from which status, on which input, to which status, and what follows. */
export type Kind = Readonly<{ from: string; on: string; to: string; follows: readonly string[] }>;

/** The kinds of the steps of a history, in its order. */
export const kindsOf = ({ steps }: History): Kind[] => steps.map((step, index) => kindOf(step, steps[index - 1]));

const kindOf = ({ input, reactions, status }: RecordedStep, before: RecordedStep | undefined): Kind => ({
  from: before?.status ?? '',
  on: inputIn(input),
  to: status,
  follows: [...new Set(reactions.map(reactionIn))],
});

/** Identifies the kind of the last step, also among other processes. */
export const keyOfLast = ({ process, steps }: History): string => JSON.stringify([process, kindOf(steps.at(-1)!, steps.at(-2))]);

/** A few histories that together show every kind of step: again and again the one that shows most that is new, the shortest of these. */
export function covering(histories: readonly History[]): History[] {
  const left = [...histories]
    .sort((a, b) => a.steps.length - b.steps.length)
    .map((history) => ({ history, kinds: new Set(kindsOf(history).map((kind) => JSON.stringify(kind))) }));
  const chosen: History[] = [];
  for (;;) {
    const best = left.reduce((most, each) => (each.kinds.size > most.kinds.size ? each : most), {
      history: left[0]?.history,
      kinds: new Set<string>(),
    });
    if (!best.history || best.kinds.size === 0) return chosen;
    chosen.push(best.history);
    const shown = [...best.kinds];
    for (const { kinds } of left) for (const kind of shown) kinds.delete(kind);
  }
}

/** A Mermaid state diagram. Steps that change nothing and request nothing are left out. */
export function diagramOf(histories: readonly History[]): string[] {
  const kinds = new Map(histories.flatMap(kindsOf).map((kind) => [JSON.stringify(kind), kind]));
  const told = [...kinds.values()].filter(({ from, to, follows }) => from !== to || follows.length > 0);
  const names = [...new Set(told.flatMap(({ from, to }) => [from, to]))].filter((status) => status !== '');
  const nameOf = (status: string) => (status === '' ? '[*]' : `s${names.indexOf(status) + 1}`);
  const arrows = told.map(
    ({ from, on, to, follows }) => `  ${nameOf(from)} --> ${nameOf(to)}: ${on}${follows.length > 0 ? ` / ${follows.join(', ')}` : ''}`,
  );
  return ['stateDiagram-v2', ...names.map((status) => `  state "${status}" as ${nameOf(status)}`), ...[...new Set(arrows)].sort()];
}

function inputIn({ type, data }: Plain): string {
  if (type === 'CommandRefused') return `${String(data['command'])} refused`;
  if (type === 'CommandAccepted') return `${String(data['command'])} accepted`;
  return type === 'TimerFired' ? 'the timer fires' : type;
}

function reactionIn(reaction: Reaction<Plain>): string {
  if ('send' in reaction) return `${reaction.undo ? 'undo by ' : ''}${reaction.send.type}`;
  return 'remind' in reaction ? 'set timer' : 'cancel timer';
}

const fileOf = (process: string, version: number) => `libs/processes/history/${process}.${version}.json`;

/** @throws Error if nothing is recorded */
export const recorded = (process: string, version = 1): readonly History[] =>
  JSON.parse(readFileSync(fileOf(process, version), 'utf8')) as History[];

/** The kinds of steps that occurred and are in no recorded history. With RECORD=1 in the environment, the histories are recorded again. */
export function unrecorded(process: string, met: readonly History[], version = 1): Kind[] {
  const histories = met.filter((history) => history.process === process);
  if (env['RECORD'] === '1') writeFileSync(fileOf(process, version), `${JSON.stringify(covering(histories), null, 1)}\n`);
  const known = new Set(
    recorded(process, version)
      .flatMap(kindsOf)
      .map((kind) => JSON.stringify(kind)),
  );
  const kinds = new Map(histories.flatMap(kindsOf).map((kind) => [JSON.stringify(kind), kind]));
  return [...kinds].flatMap(([key, kind]) => (known.has(key) ? [] : [kind]));
}
