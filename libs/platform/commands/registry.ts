/**
 * The deciders that this process runs, by their category: how auditors' reads fold any entity without knowing its slice.
 * Hides: nothing. Promises: whatever commands can be sent for can be folded. Does not: load slices; `bindDecider` enters them here.
 */
import type { Event, Upcasts } from '#kernel/event';

/** What folding an entity needs. */
export type Folding = Readonly<{
  category: string;
  initial: unknown;
  evolve: (state: unknown, event: Event) => unknown;
  upcasts?: Upcasts;
}>;

const deciders = new Map<string, Folding>();

export function enterDecider(decider: Folding): void {
  deciders.set(decider.category, decider);
}

/** The decider whose stream this is: the longest category that the stream's name begins with. */
export function deciderOf(stream: string): Folding | undefined {
  let found: Folding | undefined;
  for (const decider of deciders.values())
    if (stream.startsWith(`${decider.category}-`) && decider.category.length > (found?.category.length ?? -1)) found = decider;
  return found;
}

export const categories = (): string[] => [...deciders.keys()].sort();
