import { Group, Text } from '@mantine/core';
import type { Schemas } from '../../client/api';
import { serverNow } from '../../session/clock';
import { Time } from '../../parts/plants';
import { colorOf, Shape, type Tone } from '../../parts/state';
import { lotsWords } from '../../words/lots';
import { useWords } from '../../words/words';

type Status = Schemas['LotStock']['status'];
const TONE_OF: Readonly<Record<Status, Tone>> = { Available: 'good', Held: 'wait', Depleted: 'idle', Merged: 'idle' };

export function LotStatus({ of, holds }: Readonly<{ of: Status; holds: readonly string[] }>) {
  const words = useWords(lotsWords);
  const tone = TONE_OF[of];
  return (
    <Group gap={6} wrap="nowrap" data-status={of}>
      <Shape tone={tone} />
      <Text span size="sm" fw={600} c={colorOf(tone)}>
        {words[of]}
        {holds.length > 0 ? `: ${holds.join(', ')}` : ''}
      </Text>
    </Group>
  );
}

/** When a lot expires, and whether that is over. */
export function Expiry({ at, plant }: Readonly<{ at: string | null | undefined; plant: string }>) {
  const words = useWords(lotsWords);
  if (!at) return null;
  return (
    <>
      <Time at={at} plant={plant} />{' '}
      {Date.parse(at) <= serverNow() ? (
        <Text span size="sm" fw={600} c="var(--plantlog-bad)">
          {words.expired}
        </Text>
      ) : null}
    </>
  );
}
