/**
 * The inputs and dependencies of an instance's run: the interface between instance-run.ts and lane.ts. Hides: nothing. Promises: nothing. Does
 * not: contain code.
 */
import type { EventStore } from '#platform/store/event-store';
import type { Definitions } from './definitions';
import type { Memory } from './memory';
import type { InstanceParked } from './record';
import type { RetryPolicy } from './retries';
import type { Send, TargetOf } from './send';
import type { Shelf, Shelved } from './shelf';
import type { Timers } from './timers';

/** What an instance's run has to handle. `done` is called once it is finished. */
export type Item = Readonly<
  { done: () => void } &
    /** `late`: a later input was taken before it. */
    (
      | ({ kind: 'input'; late?: true } & Shelved)
      | { kind: 'timer'; timer: string; setAt: bigint; now: string }
      /** An operator may have decided something, or there are inputs on the shelf. */
      | { kind: 'look' }
    )
>;

/** What an instance's run needs of its process. */
export type Surroundings = Readonly<{
  definitions: Definitions;
  store: EventStore;
  memory: Memory;
  timers: Timers;
  shelf: Shelf;
  send: Send;
  targetOf: TargetOf;
  /** False once the process is no longer run here. */
  alive: () => boolean;
  /** Lets another instance take an input; resolves when it has. */
  handOver: (id: string, input: Shelved) => Promise<void>;
  /** True if timers of an instance that was just loaded may be missing. */
  restoring: (position?: bigint) => boolean;
  /** Resolves after the given time, or at once when the process is no longer run here. */
  sleep: (ms: number) => Promise<void>;
  /** Lets other instances that wait for a place go first. */
  giveWay: () => Promise<void>;
  /** A step was taken. */
  onStep: (item: Item) => void;
  onParked: (id: string, reason: InstanceParked['data']) => void;
  onTrouble: (id: string, error: unknown) => void;
  onAlarm: (dueAt: string, key: string) => void;
  retryPolicy: RetryPolicy;
}>;

/** Inputs whose instance a definition cannot name wait under this id, by the stream that they come from. */
export const UNATTRIBUTED = 'unattributed ';
