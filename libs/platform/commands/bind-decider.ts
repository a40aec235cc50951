/**
 * Registers a slice's decider. Hides: how commands find their decider. Promises: every command class of the slice is handled and can be sent by
 * name. Does not: decide (decisions.ts does).
 */
import { Inject, type Provider } from '@nestjs/common';
import { CommandHandler } from '@nestjs/cqrs';
import type { Decider } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { EventStore } from '#platform/store/event-store';
import type { Command } from './command';
import { Decisions } from './decisions';
import type { Receipt } from './receipt';
import { commandClasses, Registry } from './registry';

/** One handler per command class of the decider, for the CommandBus of @nestjs/cqrs, and the decider's entry in the registry. */
export function bindDecider<M extends object, S, E extends Event>(decider: Decider<M, S, E>, commands: M): Provider[] {
  const entry: Provider = {
    provide: `decider of ${decider.category}`,
    useFactory: (registry: Registry, store: EventStore) => {
      registry.enter(decider, commands);
      store.learn(decider.upcasts);
      return decider;
    },
    inject: [Registry, EventStore],
  };
  return [
    entry,
    ...commandClasses(commands).map(([name, command]) => {
      @CommandHandler(command)
      class Handler {
        constructor(@Inject(Decisions) private readonly decisions: Decisions) {}
        execute(message: Command): Promise<Receipt> {
          return this.decisions.run(decider, name, message);
        }
      }
      Object.defineProperty(Handler, 'name', { value: `${name}Handler` });
      return Handler;
    }),
  ];
}
