/** The parts of an instance that the OpenAPI document leaves open. */
import type { Schemas } from '../../client/api';
import type { InstanceState } from './state';

export type PendingAction = Readonly<{ commandId: string; type: string }>;
type Step = Readonly<{ revision: string; label: string; recordedAt: string; actor?: string; role?: string; reason?: string }>;
type Look = Readonly<{
  parked: Readonly<{ error: string; on: Readonly<{ type: string }>; attempts: readonly unknown[] }> | null;
  pending: readonly PendingAction[];
  timers: readonly Readonly<{ timer: string; dueAt: string }>[];
  waiting: readonly Readonly<{ type: string; id: string }>[];
  timeline: readonly Step[];
}>;

export function lookOf(instance: Schemas['ProcessInstance']): Look & { now: InstanceState } {
  const look = instance as unknown as Look;
  const now = look.parked ? 'Parked' : instance.paused ? 'Paused' : look.pending.length > 0 ? 'Acting' : instance.over ? 'Over' : 'Waiting';
  return { ...look, now };
}
