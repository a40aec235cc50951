/**
 * The events of an instance in one line each, for a timeline. Hides: their shapes. Promises: a label for each. Does not: explain a definition:
 * see its diagram (docs/generated/processes.md).
 */
import type { InstanceEvent } from './record';

export function labelOf({ type, data }: InstanceEvent): string {
  switch (type) {
    case 'StepTaken': {
      const { input, sends, timers } = data;
      const follows = [
        ...sends.map((send) => `${send.undo ? 'undo by ' : ''}${words(send.type)}`),
        ...timers.map(({ timer, dueAt }) => (dueAt === null ? `cancel timer "${timer}"` : `set timer "${timer}" for ${dueAt}`)),
      ];
      return `${inputIn(input)}${follows.length > 0 ? `: ${follows.join(', ')}` : ''}`;
    }
    case 'OutcomeRecorded':
      return `${words(data.type)} ${outcomeIn(data.outcome)}`;
    case 'OutcomeForced':
      return `${words(data.type)} ${outcomeIn(data.outcome)}, decided by an operator`;
    case 'InstanceParked':
      return `parked on ${words(data.on.type)}: ${data.error.split('\n', 1)[0]!}`;
    case 'InstanceMigrated':
      return `moved from version ${data.from} to ${data.to}`;
    case 'InstanceRetried':
      return 'retried';
    case 'InputSkipped':
      return 'input skipped';
    case 'InstancePaused':
      return 'paused';
    case 'InstanceResumed':
      return 'resumed';
  }
}

const words = (type: string): string => {
  const spaced = type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

function inputIn({ type, data }: Readonly<{ type: string; data: unknown }>): string {
  const said = data as Readonly<Record<string, unknown>>;
  if (type === 'TimerFired') return `Timer "${String(said['timer'])}" fired`;
  if (type === 'CommandRefused') return `${words(String(said['command']))} was refused`;
  return type === 'CommandAccepted' ? `${words(String(said['command']))} was accepted` : words(type);
}

type Outcome = Extract<InstanceEvent, { type: 'OutcomeRecorded' }>['data']['outcome'];
const outcomeIn = (outcome: Outcome): string =>
  'accepted' in outcome
    ? outcome.accepted.events.length > 0
      ? 'accepted'
      : 'changed nothing'
    : 'refused' in outcome
      ? `refused: ${outcome.refused.code}`
      : 'given up';
