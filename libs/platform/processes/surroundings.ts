/**
 * What an instance's run is given: what comes to it, and what it may use. Promises: nothing; these are the seams between instance-run.ts and
 * lane.ts. Does not: hold any code.
 */
import type { EventStore } from '#platform/store/event-store';
import type { Definitions } from './definitions';
import type { Memory } from './memory';
import type { InstanceParked } from './record';
import type { Send, TargetOf } from './send';
import type { Shelf, Shelved } from './shelf';
import type { Timers } from './timers';

/** What may come to an instance. `done` is called once it needs no more attention. */
export type Item = Readonly<
  { done: () => void } &
    /** `late`: another took its place in the order meanwhile. */
    (
      | ({ kind: 'input'; late?: true } & Shelved)
      | { kind: 'timer'; timer: string; setAt: bigint; now: string }
      /** An operator may have decided something, or there are inputs on the shelf. */
      | { kind: 'look' }
    )
>;

/** What an instance's run needs of the process that it belongs to. */
export type Surroundings = Readonly<{
  definitions: Definitions;
  store: EventStore;
  memory: Memory;
  timers: Timers;
  shelf: Shelf;
  send: Send;
  targetOf: TargetOf;
  /** False once the process is not followed here any more. */
  alive: () => boolean;
  /** Has another instance take an input; resolves when it has. */
  handOver: (id: string, input: Shelved) => Promise<void>;
  /** True where timers of an instance that was just loaded may be missing. */
  restoring: (position?: bigint) => boolean;
  /** Resolves after a while, or at once when the process is not followed here any more. */
  sleep: (ms: number) => Promise<void>;
  /** A step was taken. */
  onStep: (item: Item) => void;
  onParked: (id: string, reason: InstanceParked['data']) => void;
  onTrouble: (id: string, error: unknown) => void;
  onAlarm: (dueAt: string, key: string) => void;
  patience: Patience;
}>;

export type Patience = Readonly<{
  /** Tries of an action that fails, before the instance is parked. */
  attempts: number;
  /** How long a part may say "not now" for one instance while it serves others, ms. */
  awayMs: number;
  /** Before the second try; doubled each time, ms. */
  pauseMs: number;
}>;
export const usualPatience: Patience = { attempts: 5, awayMs: 120_000, pauseMs: 100 };

/** Inputs of which a definition cannot tell the instance wait under this, by the stream that they come from. */
export const UNATTRIBUTED = 'unattributed ';
