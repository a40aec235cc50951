/** The machines of the plants by state, as they move. */
import { Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useSyncExternalStore } from 'react';
import type { Schemas } from '../../client/api';
import { serverNow } from '../../session/clock';
import { useRows } from '../../client/query';
import { grouped } from '../../parts/grouped';
import { History } from '../../parts/history';
import { links } from '../../parts/links';
import { lengthOf, usePlantFilter, usePlants } from '../../parts/plants';
import { Mark } from '../../parts/mark';
import { ShownList } from '../../parts/shown';
import { colorOf, Shape, State, toneOf, type Tone } from '../../parts/state';
import { overviewWords } from '../../words/overview';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';

type Machine = Schemas['EquipmentNow'];
const TONES: readonly Tone[] = ['good', 'move', 'wait', 'bad', 'idle', 'unknown'];

export default function Overview() {
  const words = useWords(overviewWords);
  const machines = useRows('/equipment', { query: { ...usePlantFilter(), first: 500 } });
  return (
    <Stack>
      <Title order={1} size="h2">
        {words.title}
      </Title>
      <ShownList of={machines} empty={words.none}>
        {(rows) =>
          [...grouped(rows, ({ facilityId }) => facilityId)].map(([facilityId, own]) => (
            <PlantSection key={facilityId} facilityId={facilityId} machines={own} />
          ))
        }
      </ShownList>
    </Stack>
  );
}

function PlantSection({ facilityId, machines }: Readonly<{ facilityId: string; machines: Machine[] }>) {
  const words = useWords(overviewWords);
  const terms = useWords(termWords);
  const plant = usePlants().get(facilityId);
  const states = [...grouped(machines, ({ state }) => state ?? 'Unknown')].sort(
    ([a], [b]) => TONES.indexOf(toneOf(a)) - TONES.indexOf(toneOf(b)),
  );
  const producing = machines.filter(({ state }) => state === 'Execute').length;
  return (
    <section aria-labelledby={`plant-${facilityId}`}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Title order={2} size="h4" id={`plant-${facilityId}`}>
          {plant?.name ?? facilityId}{' '}
          <Text span size="sm" c="dimmed">
            {words.producing(producing, machines.length)}
          </Text>
        </Title>
        <Group gap="md">
          {states.map(([state, own]) => (
            <Group key={state} gap={4}>
              <Shape tone={toneOf(state)} />
              <Text size="sm">
                {own.length} {termOf(terms, state)}
              </Text>
            </Group>
          ))}
        </Group>
      </Group>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3, xl: 4 }} spacing="sm">
        {machines.map((machine) => (
          <MachineCard key={machine.equipmentId} {...machine} />
        ))}
      </SimpleGrid>
    </section>
  );
}

const everyHalfMinute = (listener: () => void) => {
  const timer = setInterval(listener, 10_000);
  return () => clearInterval(timer);
};

function MachineCard({ equipmentId, name, state, since, equipmentClass, workOrderIds, openStopId, quality }: Machine) {
  const words = useWords(overviewWords);
  const now = useSyncExternalStore(everyHalfMinute, () => Math.floor(serverNow() / 10_000) * 10_000);
  return (
    <Paper
      withBorder
      p="sm"
      className="machine"
      data-machine={equipmentId}
      style={{ borderInlineStart: `6px solid ${colorOf(toneOf(state))}` }}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Link to={links.timeline(equipmentId)} className="strong">
            {name ?? equipmentId}
          </Link>
          <Text size="sm" c="dimmed">
            {[equipmentId, equipmentClass].filter(Boolean).join(' · ')}
          </Text>
        </div>
        <Stack gap={0} align="flex-end">
          <State of={state} />
          {since ? (
            <Text size="sm" c="dimmed">
              {words.since(lengthOf(now - Date.parse(since)))}
            </Text>
          ) : null}
        </Stack>
      </Group>
      <Group gap="xs" mt="xs">
        {workOrderIds.length === 0 ? (
          <Text size="sm" c="dimmed">
            {words.noOrder}
          </Text>
        ) : (
          workOrderIds.map((id) => (
            <Link key={id} to={links.workOrder(id)}>
              {id}
            </Link>
          ))
        )}
        {openStopId ? (
          <Mark tone="wait">
            {words.openStop} {openStopId}
          </Mark>
        ) : null}
        {quality && quality !== 'GOOD' ? <Mark tone="unknown">{quality === 'STALE' ? words.stale : words.quality(quality)}</Mark> : null}
        <History of={`equipment-${equipmentId}`} />
      </Group>
    </Paper>
  );
}
