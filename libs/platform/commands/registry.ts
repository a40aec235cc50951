/**
 * The deciders and command classes that the slices of this app registered. Hides: how they are found. Promises: whatever can be sent can be
 * folded. Does not: load slices; their modules register their parts through `bindDecider`.
 */
import { Injectable, type Type } from '@nestjs/common';
import type { Context, Regard } from '#kernel/decider';
import type { Event, Upcasts } from '#kernel/event';
import type { Command } from './command';

/* eslint-disable @typescript-eslint/no-explicit-any */
/** A decider without its specific types. */
export type AnyDecider = Readonly<{
  category: string;
  initial: any;
  evolve: (state: any, event: any) => any;
  id: (command: any) => string;
  decide: object;
  reaches?: (name: string, command: any) => readonly string[];
  floorTimeIfAbsent?: (name: string, command: Readonly<Record<string, unknown>>) => string | undefined;
  happenedAt?: (event: any) => string | undefined;
  observed?: readonly PropertyKey[];
  exceptions?: readonly string[];
  regards?: (name: string, command: any, state: any, regarded?: Context['regarded']) => readonly Regard[];
  foretells?: (event: any) => readonly Readonly<{ stream: string; event: Event }>[];
  tells?: (state: any) => unknown;
  upcasts?: Upcasts;
}>;
/* eslint-enable @typescript-eslint/no-explicit-any */

type Decide = (command: object, state: unknown, context: Context) => readonly Event[];
/** What a decider decides on a command, by the name of the command's class. */
export const decisionOf = (decider: AnyDecider, name: string): Decide => (decider.decide as Record<string, Decide>)[name]!;

/** The command classes of a commands file, by name. */
export const commandClasses = (commands: object): [string, Type<Command>][] =>
  Object.entries(commands).filter((entry): entry is [string, Type<Command>] => typeof entry[1] === 'function');

/** What a decision may know that no single stream tells, by the id behind the category in the name; null for nothing. */
export type Lookup = (id: string) => Promise<unknown>;

@Injectable()
export class Registry {
  private readonly lookups = new Map<string, Lookup>();
  private readonly deciders = new Map<string, AnyDecider>();
  private readonly commands = new Map<string, Readonly<{ decider: AnyDecider; command: Type<Command> }>>();

  enter(decider: AnyDecider, commands: object): void {
    this.deciders.set(decider.category, decider);
    for (const [name, command] of commandClasses(commands)) this.commands.set(name, { decider, command });
  }

  /** The decider of this stream: the one with the longest category that the stream's name begins with. */
  deciderOf(stream: string): AnyDecider | undefined {
    let found: AnyDecider | undefined;
    for (const decider of this.deciders.values())
      if (stream.startsWith(`${decider.category}-`) && decider.category.length > (found?.category.length ?? -1)) found = decider;
    return found;
  }

  /** Answers what deciders regard under `<category>-<id>` from a read model. */
  lookUp(category: string, lookup: Lookup): void {
    this.lookups.set(category, lookup);
  }

  /** Looks up what this name stands for; undefined if it is that of a stream. */
  lookupOf(name: string): (() => Promise<unknown>) | undefined {
    for (const [category, lookup] of this.lookups)
      if (name.startsWith(`${category}-`)) return () => lookup(name.slice(category.length + 1));
    return undefined;
  }

  /** The class of a command by its name: this is how processes and queues send plain messages. */
  commandNamed(name: string): Type<Command> | undefined {
    return this.commands.get(name)?.command;
  }

  /** The decider that handles a command. */
  deciderFor(name: string): AnyDecider | undefined {
    return this.commands.get(name)?.decider;
  }

  /** The id of the aggregate that a plain command is for; undefined if no slice handles it. */
  targetOf(name: string, data: object): string | undefined {
    return this.commands.get(name)?.decider.id(data);
  }

  categories(): string[] {
    return [...this.deciders.keys()].sort();
  }
}
