/**
 * Hides: how a node misbehaves on purpose, so that its clients can be tested against faults of networks and servers. Promises: without
 * faults a call is passed on unchanged; the log itself is never damaged, only the answers. Does not: work in production: the command line
 * accepts it only with `--inject-faults`.
 */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { notLeader } from './faults';

/** The faults to inject; the fields of a running node's `faults` may change at any time. */
export type Faults = {
  /** Calls are accepted and never answered. */
  mute?: boolean;
  /** Milliseconds that each call waits before it is handled. */
  slowMs?: number;
  /** After this many more messages to clients all connections are cut; counts down. */
  dropAfter?: number;
  /** Every event is delivered to readers twice. */
  duplicate?: boolean;
  /** Reads and writes are sent to this other node, as a follower does. */
  notLeader?: { host: string; port: number };
  /** How many times the connections are cut after an append is durable and before it is answered; counts down. */
  cutBeforeAnswer?: number;
};

type Call = {
  write?: (message: Buffer) => boolean;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  emit(event: string, ...values: unknown[]): boolean;
};
type Callback = (error: unknown, answer?: Buffer) => void;

const WRITES = new Set(['Append', 'BatchAppend', 'Delete', 'Tombstone']);
const LED = /\.(Streams|PersistentSubscriptions)$/;

/** The same handlers, made to misbehave as `faults` says at the time of each call. */
export function injectFaults(
  service: string,
  handlers: UntypedServiceImplementation,
  faults: Faults,
  cutConnections: () => void,
): UntypedServiceImplementation {
  const misbehaving: UntypedServiceImplementation = {};
  for (const [method, handler] of Object.entries(handlers)) {
    const handle = handler as unknown as (call: Call, callback?: Callback) => void;
    const wrapped = (call: Call, callback?: Callback): void => {
      if (faults.mute) return void call.on('error', () => undefined);
      if (faults.notLeader && LED.test(service)) {
        const fault = notLeader(faults.notLeader.host, faults.notLeader.port);
        return void (callback ? callback(fault) : call.emit('error', fault));
      }
      const answer: Callback = (error, message) => {
        if (error === null && swallow(method)) return;
        callback?.(error, message);
        count();
      };
      if (call.write) call.write = misbehavingWrite(call, method);
      const go = () => handle(call, callback && answer);
      if (faults.slowMs) setTimeout(go, faults.slowMs);
      else go();
    };
    misbehaving[method] = wrapped as unknown as UntypedServiceImplementation[string];
  }

  const swallow = (method: string): boolean => {
    if (!faults.cutBeforeAnswer || !WRITES.has(method)) return false;
    faults.cutBeforeAnswer--;
    cutConnections();
    return true;
  };
  const count = (): void => {
    if (faults.dropAfter === undefined) return;
    if (--faults.dropAfter > 0) return;
    faults.dropAfter = undefined;
    setImmediate(cutConnections);
  };
  const misbehavingWrite = (call: Call, method: string) => {
    const write = call.write!.bind(call);
    return (message: Buffer): boolean => {
      if (swallow(method)) return true;
      const open = write(message);
      const again = faults.duplicate && method === 'Read' && message[0] === EVENT;
      count();
      return again ? write(message) : open;
    };
  };
  return misbehaving;
}

/** First byte of an answer that holds an event: field 1, both in Streams and in PersistentSubscriptions. */
const EVENT = 0x0a;
