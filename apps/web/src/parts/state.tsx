/** The state of a machine or an order: a word, a colour and a shape, so that no one of them is needed. */
import { Group, Text } from '@mantine/core';
import { termOf, termWords } from '../words/terms';
import { useWords } from '../words/words';

/** What a state means to a person; the word says the rest. */
export type Tone = 'good' | 'wait' | 'bad' | 'move' | 'idle' | 'unknown';

const TONES: Readonly<Record<string, Tone>> = {
  Execute: 'good',
  Running: 'good',
  InProgress: 'good',
  Started: 'good',
  Idle: 'idle',
  Complete: 'idle',
  Ended: 'idle',
  Completed: 'idle',
  Closed: 'idle',
  Delivered: 'idle',
  Cancelled: 'idle',
  Undone: 'idle',
  Stopped: 'bad',
  Aborted: 'bad',
  Aborting: 'bad',
  Held: 'wait',
  Suspended: 'wait',
  Interrupted: 'wait',
  NotAllowedToStart: 'wait',
  AllowedToStart: 'move',
  Unknown: 'unknown',
  Observed: 'unknown',
};

export const toneOf = (state: string | null | undefined): Tone => (state ? (TONES[state] ?? 'move') : 'unknown');
export const colorOf = (tone: Tone): string => `var(--plantlog-${tone})`;

const SHAPES: Readonly<Record<Tone, string>> = {
  good: 'M3 2l9 5-9 5z',
  wait: 'M3 2h3v10H3zM8 2h3v10H8z',
  bad: 'M2 2h10v10H2z',
  move: 'M2 6h6V3l4 4-4 4V8H2z',
  idle: 'M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  unknown: 'M7 1l6 6-6 6-6-6zm0 3L4 7l3 3 3-3z',
};

export function Shape({ tone }: Readonly<{ tone: Tone }>) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden focusable="false" style={{ flex: 'none' }}>
      <path d={SHAPES[tone]} fill={colorOf(tone)} />
    </svg>
  );
}

export function State({ of, size = 'sm' }: Readonly<{ of: string | null | undefined; size?: 'sm' | 'lg' }>) {
  const terms = useWords(termWords);
  const tone = toneOf(of);
  return (
    <Group gap={6} wrap="nowrap" data-state={of ?? ''}>
      <Shape tone={tone} />
      <Text span fw={600} size={size} c={colorOf(tone)}>
        {termOf(terms, of)}
      </Text>
    </Group>
  );
}
