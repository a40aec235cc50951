/**
 * What operators see of process instances in lists. Hides: the engine's events. Promises: one row per instance, with its facility and position; a
 * row says what the instance waits for and since when it has been in its state. Does not: hold the state of the definition (operations.ts folds
 * that).
 */
import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { Recorded } from '#kernel/event';
import type { View } from '#kernel/view';
import { Cell, CellJson, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { InstanceEvent, StepTaken } from './record';

export const InstanceState = { Waiting: 'Waiting', Acting: 'Acting', Parked: 'Parked', Paused: 'Paused', Over: 'Over' } as const;
export type InstanceState = keyof typeof InstanceState;
registerEnumType(InstanceState, {
  name: 'ProcessInstanceState',
  description: 'Waiting for its next input, acting, parked by a fault, paused by an operator, or over.',
});

/** One instance of a process: its state and what it waits for. */
@Entity('process_instance')
@Index(['process', 'state', 'position'])
@Index(['facilityId', 'position'])
@Index(['position'])
@ObjectType('ProcessInstanceRow', {})
export class ProcessInstanceRow {
  /** The stream of the instance. */
  @Key()
  stream: string;

  @Cell('text')
  process: string;

  @Cell('id')
  instanceId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(InstanceState)
  state: InstanceState;

  /** The phase it is in, in the words of its definition. */
  @Cell('text', { optional: true })
  status: string | null;

  /** Version of its definition. */
  @Cell('whole')
  version: number;

  /** Number of steps taken. */
  @Cell('whole')
  steps: number;

  /** Type of the last input. */
  @Cell('text', { optional: true })
  lastInput: string | null;

  /** The action without an outcome, or the timer that is due next. */
  @Cell('text', { optional: true })
  waitingFor: string | null;

  /** When the next timer is due. */
  @Cell('instant', { optional: true })
  dueAt: string | null;

  /** Why it is parked, or how its last refused action was refused. */
  @Cell('text', { optional: true })
  lastError: string | null;

  /** Since when it has been in this state. */
  @Cell('instant')
  since: string;

  /** Revision of the last event of its stream. */
  @Cell('position')
  revision: bigint;

  /** Actions without an outcome by command id, and timers by name. */
  @CellJson()
  open: { actions: Record<string, string>; timers: Record<string, string>; paused: boolean; parked: boolean; over: boolean };

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** All instances of all processes. */
export const processInstance: View<ProcessInstanceRow, InstanceEvent> = {
  name: 'process-instance',
  version: 2,
  row: ProcessInstanceRow,
  events: [
    'StepTaken',
    'OutcomeRecorded',
    'OutcomeForced',
    'InstanceParked',
    'InstanceRetried',
    'InputSkipped',
    'InstancePaused',
    'InstanceResumed',
    'InstanceMigrated',
  ],
  keys: ({ stream }) => [stream],
  fold: (rows, event) => {
    const before = rows.get(event.stream) ?? begun(event);
    const row = { ...before, ...changed(before, event), revision: event.revision };
    const { state, waitingFor, dueAt } = standing(row.open);
    rows.put({ ...row, state, waitingFor, dueAt, since: state === before.state ? before.since : event.recordedAt });
  },
};

function begun({ stream, recordedAt, metadata, position, revision }: Recorded): ProcessInstanceRow {
  const process = metadata.actor.startsWith('process:')
    ? metadata.actor.slice('process:'.length)
    : stream.slice(0, stream.lastIndexOf('-', stream.includes('.') ? stream.indexOf('.') : undefined));
  return {
    ...{ stream, process, instanceId: stream.slice(process.length + 1), facilityId: metadata.facility, state: 'Waiting' },
    ...{ status: null, version: 1, steps: 0, lastInput: null, waitingFor: null, dueAt: null, lastError: null },
    ...{ since: recordedAt, revision, position, recordedAt },
    open: { actions: {}, timers: {}, paused: false, parked: false, over: false },
  };
}

function changed(row: ProcessInstanceRow, event: InstanceEvent): Partial<ProcessInstanceRow> {
  const { open } = row;
  switch (event.type) {
    case 'StepTaken':
      return afterStep(row, event.data);
    case 'OutcomeRecorded':
    case 'OutcomeForced': {
      const { commandId, outcome } = event.data;
      const released = event.type === 'OutcomeForced' ? { parked: false } : {};
      return {
        open: { ...open, ...released, actions: without(open.actions, commandId) },
        lastError: 'refused' in outcome ? `${outcome.refused.code}: ${outcome.refused.message}` : row.lastError,
      };
    }
    case 'InstanceParked':
      return { open: { ...open, parked: true }, lastError: event.data.error };
    case 'InstanceRetried':
      return { open: { ...open, parked: false } };
    case 'InputSkipped': {
      const { timer } = event.data;
      return { open: { ...open, parked: false, timers: timer === undefined ? open.timers : without(open.timers, timer) } };
    }
    case 'InstancePaused':
      return { open: { ...open, paused: true } };
    case 'InstanceResumed':
      return { open: { ...open, paused: false } };
    case 'InstanceMigrated':
      return { version: event.data.to };
  }
}

function afterStep({ open, steps, version }: ProcessInstanceRow, data: StepTaken['data']): Partial<ProcessInstanceRow> {
  const fired = data.input.type === 'TimerFired' ? (data.input.data as { timer: string }).timer : undefined;
  const timers = fired === undefined ? { ...open.timers } : without(open.timers, fired);
  for (const { timer, dueAt } of data.timers) {
    if (dueAt === null) delete timers[timer];
    else timers[timer] = dueAt;
  }
  // The first engine recorded no outcomes.
  const sends = data.version === undefined ? [] : data.sends;
  return {
    open: {
      ...open,
      timers,
      actions: { ...open.actions, ...Object.fromEntries(sends.map(({ commandId, type }) => [commandId, type])) },
      over: data.over ?? false,
    },
    steps: steps + 1,
    version: steps === 0 ? (data.version ?? 1) : version,
    lastInput: data.input.type,
    status: data.status ?? null,
  };
}

function standing({
  actions,
  timers,
  paused,
  parked,
  over,
}: ProcessInstanceRow['open']): Pick<ProcessInstanceRow, 'state' | 'waitingFor' | 'dueAt'> {
  // The database returns the keys of an object in an order of its own: of equals, the first by name.
  const [[, action] = []] = Object.entries(actions).sort(([a], [b]) => (a < b ? -1 : 1));
  const [next] = Object.entries(timers).sort(([a, dueA], [b, dueB]) => (dueA === dueB ? (a < b ? -1 : 1) : dueA < dueB ? -1 : 1));
  const state = parked ? 'Parked' : paused ? 'Paused' : action ? 'Acting' : over ? 'Over' : 'Waiting';
  return { state, waitingFor: action ?? next?.[0] ?? null, dueAt: next?.[1] ?? null };
}

const without = (record: Readonly<Record<string, string>>, key: string): Record<string, string> =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));
