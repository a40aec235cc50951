import { Group, Text } from '@mantine/core';
import type { Schemas } from '../../client/api';
import { colorOf, Shape, type Tone } from '../../parts/state';
import { processesWords } from '../../words/processes';
import { useWords } from '../../words/words';

export type InstanceState = Schemas['ProcessInstanceRow']['state'];
export const STATES: readonly InstanceState[] = ['Parked', 'Acting', 'Paused', 'Waiting', 'Over'];
const TONES: Readonly<Record<InstanceState, Tone>> = { Parked: 'bad', Acting: 'move', Paused: 'wait', Waiting: 'good', Over: 'idle' };

export function InstanceMark({ of }: Readonly<{ of: InstanceState }>) {
  const words = useWords(processesWords);
  return (
    <Group gap={6} wrap="nowrap" data-state={of}>
      <Shape tone={TONES[of]} />
      <Text span size="sm" fw={600} c={colorOf(TONES[of])}>
        {words[of]}
      </Text>
    </Group>
  );
}
