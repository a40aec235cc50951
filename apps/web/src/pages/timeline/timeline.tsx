/** A machine over time: its states, stops and orders on one axis. */
import { Button, Group, NativeSelect, Stack, Text, Title } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, useSyncExternalStore } from 'react';
import { serverNow } from '../../session/clock';
import { useRead } from '../../client/query';
import { MachineChoice, OfKnownMachine } from '../../parts/machine-choice';
import { links, plantOf } from '../../parts/links';
import { usePlants } from '../../parts/plants';
import { Shown } from '../../parts/shown';
import { HOUR } from '../../parts/local-times';
import { timelineWords } from '../../words/timeline';
import { useWords } from '../../words/words';
import { Axis } from './axis';
import { Classify } from './classify';
import type { Stop } from './stop';
import { Stops } from './stops';

const SPANS = [4, 8, 24, 72, 168];
const MOST = 500;

export default function Timeline() {
  const words = useWords(timelineWords);
  const { equipmentId } = useParams({ strict: false }) as { equipmentId?: string };
  const navigate = useNavigate();
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <MachineChoice
          label={words.machine}
          none="–"
          equipmentId={equipmentId}
          onChoose={(chosen) => void navigate({ to: links.timeline(chosen) })}
        />
      </Group>
      {equipmentId ? (
        <OfKnownMachine equipmentId={equipmentId}>
          <OfMachine key={equipmentId} equipmentId={equipmentId} />
        </OfKnownMachine>
      ) : (
        <Text c="dimmed">{words.choose}</Text>
      )}
    </Stack>
  );
}

const everyHalfMinute = (listener: () => void) => {
  const timer = setInterval(listener, 15_000);
  return () => clearInterval(timer);
};

type Page = Readonly<{ items: readonly { startedAt: string }[]; nextCursor?: string | null }>;
/** Whether a page, the newest first, ends before it reaches the beginning. */
const isCut = ({ items, nextCursor }: Page, from: number): boolean =>
  typeof nextCursor === 'string' && Date.parse(items.at(-1)?.startedAt ?? '') > from;

function OfMachine({ equipmentId }: Readonly<{ equipmentId: string }>) {
  const words = useWords(timelineWords);
  const [hours, setHours] = useState(8);
  /** How far the end is before now. */
  const [back, setBack] = useState(0);
  const [chosen, setChosen] = useState<Stop>();
  const now = useSyncExternalStore(everyHalfMinute, () => Math.ceil(serverNow() / 60_000) * 60_000);
  const [from, to] = [now - back - hours * HOUR, now - back];
  const timeZone = usePlants().get(plantOf(equipmentId))?.timeZone ?? 'UTC';
  // Whole hours, so that the question stays the same for a while; what began before `to` and is seen back to `from`.
  const query = { equipmentId: [equipmentId], startedAtTo: new Date(Math.ceil(to / HOUR) * HOUR).toISOString(), first: MOST };
  const intervals = useRead('/equipment-timeline', { query: { ...query, sort: 'startedAtDescending' } });
  const stops = useRead('/equipment-stops', { query: { ...query, sort: 'startedAtDescending' } });
  const orders = useRead('/equipment-assignments', { query: { ...query, sort: 'startedAtDescending' } });
  const within = <Row extends { startedAt: string; endedAt?: string | null }>(rows: readonly Row[]): Row[] =>
    rows.filter(({ startedAt, endedAt }) => Date.parse(startedAt) < to && (!endedAt || Date.parse(endedAt) > from));
  return (
    <Stack>
      <Group gap="xs" className="no-print">
        <NativeSelect
          aria-label={words.span}
          value={String(hours)}
          data={SPANS.map((span) => ({ value: String(span), label: words.hours(span) }))}
          onChange={({ currentTarget }) => setHours(Number(currentTarget.value))}
        />
        <Button variant="default" onClick={() => setBack(back + (hours * HOUR) / 2)}>
          ← {words.earlier}
        </Button>
        <Button variant="default" disabled={back === 0} onClick={() => setBack(Math.max(0, back - (hours * HOUR) / 2))}>
          {words.later} →
        </Button>
        <Button variant="default" disabled={back === 0} onClick={() => setBack(0)}>
          {words.now}
        </Button>
      </Group>
      <Shown of={intervals}>
        {({ items }) => (
          <>
            {[intervals, stops, orders].some(({ data }) => data && isCut(data.data, from)) ? (
              <Text c="var(--plantlog-wait)">{words.more}</Text>
            ) : null}
            <Axis
              from={from}
              to={to}
              now={now}
              timeZone={timeZone}
              intervals={within(items)}
              stops={within(stops.data?.data.items ?? [])}
              orders={within(orders.data?.data.items ?? [])}
              onStop={setChosen}
            />
          </>
        )}
      </Shown>
      <Shown of={stops}>{({ items }) => <Stops stops={within(items)} now={now} onClassify={setChosen} />}</Shown>
      {chosen ? <Classify key={chosen.key} stop={chosen} onClose={() => setChosen(undefined)} /> : null}
    </Stack>
  );
}
