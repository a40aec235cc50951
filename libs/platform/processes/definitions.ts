/**
 * The definitions of one process in all its versions. Hides: which version an instance runs under. Promises: a fault in a definition is thrown as
 * Poison; what a step records is complete plain JSON. Does not: read or write.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Recorded } from '#kernel/event';
import type { AnyProcess, Reaction } from '#kernel/process';
import { codeOf } from '#platform/runtime/build';
import { Poison } from './faults';
import type { Instance } from './instance';
import type { StepTaken } from './record';

type Plain = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>;
export type Input = Readonly<{ type: string; data: unknown }>;
/** The instances that an event concerns, and under which versions. */
export type Concerned = ReadonlyMap<string, readonly number[]>;

export class Definitions {
  /** Newest first. */
  private readonly versions: readonly AnyProcess[];
  readonly name: string;
  readonly events: ReadonlySet<string>;

  constructor(versions: readonly AnyProcess[]) {
    this.versions = [...versions].sort((a, b) => versionOf(b) - versionOf(a));
    this.name = this.versions[0]!.name;
    this.events = new Set(this.versions.flatMap(({ events }) => events));
    if (new Set(this.versions.map(versionOf)).size !== versions.length)
      throw new Error(`Process ${this.name} is registered twice with the same version; give the newer definition a higher \`version\`.`);
  }

  /** The version under which new instances start. */
  get newest(): number {
    return versionOf(this.versions[0]!);
  }

  /** All registered versions, newest first. */
  get known(): readonly number[] {
    return this.versions.map(versionOf);
  }

  /** @throws Error naming the version that is no longer registered */
  readonly of = (version: number): AnyProcess => {
    const found = this.versions.find((candidate) => versionOf(candidate) === version);
    if (found) return found;
    throw new Poison(`version ${version} of ${this.name} is not registered; register it beside the newer one, or migrate the instance`, '');
  };

  /** Fingerprint of the code that folds instances of a version; undefined if that is not registered. */
  codeOf(version: number, engine: string): string | undefined {
    const definition = this.versions.find((candidate) => versionOf(candidate) === version);
    return definition && codeOf(definition, engine);
  }

  /** @throws Poison */
  concerned(event: Recorded): Concerned {
    const ids = new Map<string, number[]>();
    for (const definition of this.versions) {
      if (!definition.events.includes(event.type)) continue;
      let id: string | undefined;
      try {
        id = definition.correlate(event);
      } catch (error) {
        throw new Poison(`${this.name} cannot tell which instance ${event.type} belongs to`, error);
      }
      if (id !== undefined) ids.set(id, [...(ids.get(id) ?? []), versionOf(definition)]);
    }
    return ids;
  }

  /** True if the instance's own version is among those that correlated the input. */
  wants({ version }: Instance, versions: readonly number[]): boolean {
    return versions.includes(version === 0 ? this.newest : version);
  }

  /** What the definition decides on an input. @throws Poison */
  decide(instance: Instance, input: Input, at: string): Decision {
    if (instance.broken !== undefined) throw new Poison(`${this.name} cannot take ${input.type}`, instance.broken);
    const version = instance.version === 0 ? this.newest : instance.version;
    const definition = this.of(version);
    try {
      const before: unknown = instance.version === 0 ? definition.initial : instance.state;
      const state: unknown = definition.evolve(before, input as never);
      const reactions = definition.react(state, input as never, at) as readonly Reaction<Plain>[];
      const timers = reactions.flatMap<StepTaken['data']['timers'][number]>((reaction) =>
        'remind' in reaction
          ? [{ timer: reaction.remind, dueAt: instant(reaction.remind, reaction.at) }]
          : 'forget' in reaction
            ? [{ timer: reaction.forget, dueAt: null }]
            : [],
      );
      const sends = reactions.flatMap((reaction): Decision['sends'] =>
        'send' in reaction ? [{ ...reaction.send, ...(reaction.undo ? { undo: true } : {}) }] : [],
      );
      return {
        state,
        version,
        sends,
        timers,
        changes: sends.length > 0 || timers.some(({ dueAt }) => dueAt !== null) || !isDeepStrictEqual(state, before),
        ...(definition.status ? { status: definition.status(state) } : {}),
        ...(definition.isOver?.(state) ? { over: true } : {}),
        spans: definition.spansFacilities ?? false,
      };
    } catch (error) {
      throw new Poison(`${this.name} cannot take ${input.type}`, error);
    }
  }
}

export type Decision = Readonly<{
  state: unknown;
  version: number;
  sends: readonly (Plain & { undo?: true })[];
  timers: StepTaken['data']['timers'];
  /** False if nothing follows from the input, except perhaps cancelled timers, and the state stays the same. */
  changes: boolean;
  status?: string;
  over?: true;
  spans: boolean;
}>;

export const versionOf = ({ version = 1 }: AnyProcess): number => version;

/** Definitions by process name. */
export function byName(processes: readonly AnyProcess[]): ReadonlyMap<string, Definitions> {
  const groups = new Map<string, AnyProcess[]>();
  for (const process of processes) groups.set(process.name, [...(groups.get(process.name) ?? []), process]);
  return new Map([...groups].map(([name, versions]) => [name, new Definitions(versions)]));
}

function instant(timer: string, at: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) throw new Error(`the timer "${timer}" is set for "${at}", which is no ISO 8601 instant`);
  return new Date(ms).toISOString();
}
