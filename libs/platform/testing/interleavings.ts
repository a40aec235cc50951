/**
 * A model checker for processes. Hides: the possible orders of their inputs. Promises: within one world every possible order of people's
 * commands, the processes' requested actions, events, timers and the clock is tried; deciders and processes are the real ones. Does not:
 * simulate crashes or repetitions (the engine covers them: it records a step with its outcomes, and a command id has one answer).
 */
import { digestOf } from '#platform/commands/digest';
import type { Context, Regard } from '#kernel/decider';
import type { Event, Recorded } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import type { Process, Reaction } from '#kernel/process';
import { Rejected } from '#kernel/rejected';
import { type History, keyOfLast, type RecordedStep } from './histories';

type Plain = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyProcess = Process<any, any, any>;
type AnyDecider = Readonly<{
  category: string;
  initial: unknown;
  evolve: (state: never, event: never) => unknown;
  id: (command: never) => string;
  decide: object;
  observed?: readonly string[];
  regards?: (name: never, command: never, state: never, regarded: never) => readonly Regard[];
  tells?: (state: never) => unknown;
}>;

/** What one party does next: send a command (at a given floor time, if set), or advance the server's clock. */
export type Act = Readonly<{ send: Plain; occurredAt?: string }> | Readonly<{ clock: string }>;

/** One small world: what happened before, and what each party then does, in its own order but interleaved freely with the others. */
export type Scene = Readonly<{
  deciders: readonly AnyDecider[];
  processes: readonly AnyProcess[];
  /** Server time at the start. */
  now: string;
  /** Run to completion first, in this order only. */
  past?: readonly Act[];
  /** By name; the clock is one of them. */
  parties: Readonly<Record<string, readonly Act[]>>;
  /** What the check of an ending needs beyond the states of the streams. Worlds that differ in it are distinct. */
  remember?: (memory: never, event: Recorded) => unknown;
  memory?: unknown;
  /** Checks a world in which nothing more can happen; returns what is wrong with it. */
  faultsOf: (end: Ending) => readonly string[];
}>;

export type Ending = Readonly<{ state: <S>(decider: Readonly<{ category: string; initial: S }>, id: string) => S; memory: unknown }>;

export type Found = Readonly<{
  /** Distinct worlds, and how many of them are endings. */
  worlds: number;
  endings: number;
  /** For each kind of step that occurred, the inputs of its instance up to then. */
  histories: readonly History[];
  /** The first few endings with faults, each with one sequence that leads to it. */
  faults: readonly Readonly<{ says: readonly string[]; way: readonly string[] }>[];
}>;

type Input = Plain & Readonly<{ at: string; facility: string }>;
type Request = Input & Readonly<{ undo?: true }>;
/** `behind` counts the inputs in the log when the timer came due: they are taken first. Null while it is not due. */
type Timer = Readonly<{ due: string; behind: number | null; facility: string }>;
type Instance = Readonly<{
  process: AnyProcess;
  id: string;
  state: unknown;
  inbox: readonly Input[];
  requests: readonly Request[];
  timers: Readonly<Record<string, Timer>>;
  /** Not part of a world's identity. */
  history: readonly RecordedStep[];
  text: string;
}>;
type Stream = Readonly<{ state: unknown; text: string }>;
type World = Readonly<{
  now: string;
  done: Readonly<Record<string, number>>;
  streams: Readonly<Record<string, Stream>>;
  instances: Readonly<Record<string, Instance>>;
  memory: unknown;
  incidents: readonly string[];
}>;
type Decided = Readonly<{ world: World; types: readonly string[]; refusal?: Rejected }>;
type Choice = Readonly<{ label: string; next: () => World }>;

/** Commands may be this far ahead of the server's clock, as in platform/commands. */
const SKEW_MS = 5 * 60_000;
const SHOWN = 3;

/** Tries every order. Throws if a scene needs more than `most` worlds: scenes are meant to be small. */
export function interleave(scene: Scene, { most = 200_000 }: { most?: number } = {}): Found {
  const histories = new Map<string, History>();
  const play = playing(scene, histories);
  const seen = new Set<string>();
  const faults: { says: readonly string[]; way: readonly string[] }[] = [];
  let endings = 0;
  const way: string[] = [];
  const visit = (world: World): void => {
    const key = keyOf(world);
    if (seen.has(key)) return;
    seen.add(key);
    if (seen.size > most) throw new Error(`The scene has more than ${most} worlds: make it smaller.`);
    const choices = play.choices(world);
    if (choices.length === 0) {
      endings += 1;
      const says = [...world.incidents, ...scene.faultsOf(play.ending(world))];
      if (says.length > 0 && faults.length < SHOWN) faults.push({ says, way: [...way] });
    }
    for (const { label, next } of choices) {
      way.push(label);
      visit(next());
      way.pop();
    }
  };
  visit(play.begin());
  return { worlds: seen.size, endings, histories: [...histories.values()], faults };
}

/** The process without one of its requested actions: a check of it must notice that. */
export function silenced<P extends AnyProcess>(process: P, command: string): P {
  const react: AnyProcess['react'] = (...input) =>
    process.react(...input).filter((each: object) => (each as { send?: Plain }).send?.type !== command);
  return { ...process, react };
}

/** The faults as text: what is wrong, and how it happened. */
export const explained = ({ faults }: Found): string =>
  faults.map(({ says, way }) => `${says.join('; ')}\n${way.map((label) => `  ${label}`).join('\n')}`).join('\n\n');

function playing(scene: Scene, met: Map<string, History>) {
  const { deciders, processes, parties } = scene;
  const deciderOf = (type: string): AnyDecider => {
    const found = deciders.find(({ decide }) => type in decide);
    if (!found) throw new Error(`No decider of the scene takes ${type}.`);
    return found;
  };

  /** The states of other streams, folded by the scene's deciders. */
  const surroundings = (world: World, asked: readonly Regard[]): Record<string, unknown> =>
    Object.fromEntries(
      asked.flatMap(({ stream }) => {
        const decider = deciders.find(({ category }) => stream.startsWith(`${category}-`));
        return decider?.tells ? [[stream, decider.tells((world.streams[stream]?.state ?? decider.initial) as never) ?? null]] : [];
      }),
    );

  /** Appends the events that a command decides and passes them to the processes; returns a refusal. */
  function decide(world: World, { type, data }: Plain, occurredAt: string, actor: string, facility?: string): Decided {
    const decider = deciderOf(type);
    const id = decider.id(data as never);
    const stream = `${decider.category}-${id}`;
    const before = world.streams[stream]?.state ?? decider.initial;
    const asked = (told: object) => decider.regards?.(type as never, data as never, before as never, told as never) ?? [];
    const regarded = surroundings(world, asked(surroundings(world, asked({}))));
    const context: Context = {
      now: world.now,
      occurredAt,
      actor,
      role: 'process',
      commandId: `${actor}/${type}/${id}`,
      digestOf,
      regarded,
    };
    let events: readonly Event[];
    try {
      if (facility !== undefined && scopeIn(id) !== facility)
        throw new Rejected('facility-not-in-scope', 'It belongs to another facility.');
      if (Date.parse(occurredAt) - Date.parse(world.now) > SKEW_MS && !decider.observed?.includes(type))
        throw new Rejected('occurred-in-the-future', 'It cannot have happened yet.');
      events = (decider.decide as Record<string, (...args: unknown[]) => readonly Event[]>)[type]!(data, before, context);
    } catch (error) {
      if (error instanceof Rejected) return { world, types: [], refusal: error };
      throw error;
    }
    let { memory } = world;
    const state = events.reduce<unknown>((folded, event) => decider.evolve(folded as never, event as never), before);
    let instances = world.instances;
    for (const event of events) {
      const metadata = { actor, role: 'process', command: type, facility: scopeIn(id), occurredAt };
      const recorded = { ...event, stream, recordedAt: world.now, metadata } as unknown as Recorded;
      if (scene.remember) memory = scene.remember(memory as never, recorded);
      for (const process of processes) {
        if (!process.events.includes(event.type)) continue;
        const instanceId = process.correlate(recorded as Recorded<never>);
        if (instanceId === undefined) continue;
        const key = `${process.name}-${instanceId}`;
        const known = instances[key] ?? {
          process,
          id: instanceId,
          state: process.initial as unknown,
          inbox: [],
          requests: [],
          timers: {},
          history: [],
          text: '',
        };
        instances = put(instances, key, {
          ...known,
          inbox: [...known.inbox, { ...event, at: earlier(occurredAt, world.now), facility: scopeIn(id) } as Input],
        });
      }
    }
    const streams = sorted({ ...world.streams, [stream]: { state, text: JSON.stringify(state) } });
    return { world: { ...world, streams, instances, memory }, types: events.map(({ type: name }) => name) };
  }

  /** One step of an instance: its requested actions wait to be carried out. Those that follow from an answer go first. */
  function take(world: World, key: string, { type, data, at, facility }: Input, changed: Partial<Instance>): World {
    const instance = { ...world.instances[key]!, ...changed };
    const { process } = instance;
    const input = { type, data };
    const state = process.evolve(instance.state, input as never) as unknown;
    const reactions = process.react(state, input as never, at) as readonly Reaction<Plain>[];
    const history = [...instance.history, { input, at, reactions, status: process.status?.(state) ?? '' }];
    const so: History = { process: process.name, steps: history };
    const kind = keyOfLast(so);
    if (!met.has(kind)) met.set(kind, so);
    let timers = instance.timers;
    const requests: Request[] = [];
    for (const reaction of reactions) {
      if ('send' in reaction) requests.push({ ...reaction.send, at, facility, ...(reaction.undo ? { undo: true } : {}) });
      else if ('remind' in reaction) {
        const due = new Date(reaction.at).toISOString();
        timers = sorted({ ...timers, [reaction.remind]: { due, behind: due <= world.now ? instance.inbox.length : null, facility } });
      } else timers = Object.fromEntries(Object.entries(timers).filter(([name]) => name !== reaction.forget));
    }
    return {
      ...world,
      instances: put(world.instances, key, { ...instance, state, timers, history, requests: [...requests, ...instance.requests] }),
    };
  }

  function request(world: World, key: string): World {
    const instance = world.instances[key]!;
    const [first, ...requests] = instance.requests;
    const { type, data, at, facility, undo } = first!;
    const answer = decide(
      world,
      { type, data },
      (data['occurredAt'] as string | undefined) ?? at,
      instance.process.name,
      instance.process.spansFacilities ? undefined : facility,
    );
    const left = { ...answer.world, instances: put(answer.world.instances, key, { ...answer.world.instances[key]!, requests }) };
    const target = String(Object.values(data)[0]);
    if (answer.refusal) {
      const { code, message } = answer.refusal;
      if (undo) return { ...left, incidents: [...left.incidents, `the compensation ${type} of ${target} was refused: ${code}`] };
      return take(left, key, { type: 'CommandRefused', data: { command: type, code, message, target }, at, facility }, {});
    }
    if (!instance.process.hearsAccepted) return left;
    return take(
      left,
      key,
      { type: 'CommandAccepted', data: { command: type, target, revision: '0', events: answer.types }, at, facility },
      {},
    );
  }

  function act(world: World, party: string): World {
    const next = parties[party]![world.done[party]!]!;
    const done = { ...world.done, [party]: world.done[party]! + 1 };
    return { ...perform(world, next, party), done };
  }

  function perform(world: World, next: Act, party: string): World {
    if (!('clock' in next)) return decide(world, next.send, next.occurredAt ?? world.now, party).world;
    const now = next.clock;
    let { instances } = world;
    for (const [key, instance] of Object.entries(instances)) {
      const timers = Object.entries(instance.timers).map(([name, timer]) => [
        name,
        timer.behind === null && timer.due <= now ? { ...timer, behind: instance.inbox.length } : timer,
      ]);
      instances = put(instances, key, { ...instance, timers: Object.fromEntries(timers) as Instance['timers'] });
    }
    return { ...world, now, instances };
  }

  function ofInstance(world: World, key: string, { id, process, inbox, requests, timers }: Instance): Choice[] {
    const name = `${process.name} ${id}`;
    // In order within an instance: the outcomes of a step come before the next input.
    if (requests.length > 0) return [{ label: `${name}: ${requests[0]!.type} is decided`, next: () => request(world, key) }];
    const choices: Choice[] = [];
    const [first, ...rest] = inbox;
    const overdue = first && Object.keys(timers).find((timer) => timers[timer]!.due < new Date(first.at).toISOString());
    if (first && !overdue) {
      const nearer = Object.fromEntries(
        Object.entries(timers).map(([timer, set]) => [timer, { ...set, behind: set.behind === null ? null : Math.max(0, set.behind - 1) }]),
      );
      choices.push({ label: `${name}: takes ${first.type}`, next: () => take(world, key, first, { inbox: rest, timers: nearer }) });
    }
    for (const [timer, { due, behind, facility }] of Object.entries(timers)) {
      // Its floor time is before the next input, or it has waited for the inputs in the log when it came due.
      if (behind !== 0 && timer !== overdue) continue;
      const others = Object.fromEntries(Object.entries(timers).filter(([other]) => other !== timer));
      const fired = { type: 'TimerFired', data: { timer, dueAt: due }, at: earlier(due, world.now), facility };
      choices.push({ label: `${name}: timer '${timer}' fires`, next: () => take(world, key, fired, { timers: others }) });
    }
    return choices;
  }

  function choices(world: World): Choice[] {
    return [
      ...Object.entries(world.instances).flatMap(([key, instance]) => ofInstance(world, key, instance)),
      ...Object.entries(parties).flatMap(([party, acts]): Choice[] => {
        const next = acts[world.done[party]!];
        return next ? [{ label: `${party}: ${'clock' in next ? next.clock : next.send.type}`, next: () => act(world, party) }] : [];
      }),
    ];
  }

  function begin(): World {
    let world: World = {
      now: scene.now,
      done: Object.fromEntries(Object.keys(parties).map((party) => [party, 0])),
      streams: {},
      instances: {},
      memory: scene.memory,
      incidents: [],
    };
    for (const next of scene.past ?? []) {
      world = perform(world, next, 'past');
      for (let [first] = byInstances(world); first; [first] = byInstances(world)) world = first.next();
    }
    return world;
  }
  const byInstances = (world: World) => Object.entries(world.instances).flatMap(([key, instance]) => ofInstance(world, key, instance));

  const ending = ({ streams, memory }: World): Ending => ({
    state: <S>({ category, initial }: Readonly<{ category: string; initial: S }>, id: string) =>
      (streams[`${category}-${id}`]?.state ?? initial) as S,
    memory,
  });
  return { begin, choices, ending };
}

const sorted = <T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function put(instances: World['instances'], key: string, instance: Instance): World['instances'] {
  const { state, inbox, requests, timers } = instance;
  return sorted({ ...instances, [key]: { ...instance, text: JSON.stringify([state, inbox, requests, timers]) } });
}

const earlier = (a: string, b: string) => (Date.parse(a) > Date.parse(b) ? b : a);

const keyOf = ({ now, done, streams, instances, memory, incidents }: World): string =>
  [
    now,
    ...Object.values(done),
    ...Object.values(streams).map(({ text }) => text),
    ...Object.values(instances).map(({ text }) => text),
    JSON.stringify([memory, incidents]),
  ].join('\n');
