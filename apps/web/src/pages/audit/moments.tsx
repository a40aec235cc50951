/** The state of a thing at a moment that a slider chooses, and the difference of two; by floor time, or by what was known. */
import { Group, Radio, RangeSlider, Slider, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { plantOf } from '../../parts/links';
import { Time, usePlants, useTexts } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { Value } from '../../parts/value';
import { auditWords } from '../../words/audit';
import { useWords } from '../../words/words';
import { Changes } from './timeline';

type Entry = Schemas['AuditEntry'];
type Props = Readonly<{ stream: string; events: readonly Entry[] }>;
type Axis = 'occurredAt' | 'recordedAt';
type Stop = Readonly<{ at: string; event: string }>;

/** The moments at which something happened or was recorded, in order. */
function stopsOf(events: readonly Entry[], axis: Axis): readonly Stop[] {
  const stops = new Map<string, string>();
  for (const event of events) stops.set(new Date(event[axis]).toISOString(), event.type);
  return [...stops].map(([at, event]) => ({ at, event })).sort((a, b) => a.at.localeCompare(b.at));
}

function useStops({ events }: Pick<Props, 'events'>) {
  const [axis, setAxis] = useState<Axis>('occurredAt');
  const stops = stopsOf(events, axis);
  const plant = events[0]!.facility;
  const texts = useTexts(usePlants().get(plant)?.timeZone ?? 'UTC');
  const label = (index: number) => {
    const { at, event } = stops[Math.min(index, stops.length - 1)]!;
    return `${texts.moment(at)}:${texts.seconds(at).slice(-2)} ${texts.zone(at)} · ${event}`;
  };
  return { axis, setAxis, stops, plant, label };
}

function AxisChoice({ axis, onChange }: Readonly<{ axis: Axis; onChange: (axis: Axis) => void }>) {
  const words = useWords(auditWords);
  return (
    <Radio.Group label={words.axis} value={axis} onChange={(value) => onChange(value as Axis)}>
      <Group mt={4}>
        <Radio value="occurredAt" label={words.floor} />
        <Radio value="recordedAt" label={words.known} />
      </Group>
    </Radio.Group>
  );
}

/** What sliders have in common: one step per event, so that every moment at which something changed can be reached by keyboard. */
const steps = (stops: readonly Stop[]) => ({
  min: 0,
  max: Math.max(stops.length - 1, 1),
  step: 1,
  size: 'lg' as const,
  thumbSize: 26,
  label: null,
  disabled: stops.length < 2,
});

export function AsOf({ stream, events }: Props) {
  const words = useWords(auditWords);
  const { axis, setAxis, stops, plant, label } = useStops({ events });
  const [chosen, setChosen] = useState<number>();
  const [moved, setMoved] = useState<number>();
  const place = (index: number | undefined) => Math.min(index ?? stops.length - 1, stops.length - 1);
  const index = place(chosen);
  const { at, event } = stops[index]!;
  const state = useRead('/audit/state', { query: { entity: stream, [axis]: at }, every: false });
  return (
    <Stack>
      <AxisChoice axis={axis} onChange={(next) => (setAxis(next), setChosen(undefined), setMoved(undefined))} />
      <Slider
        {...steps(stops)}
        value={place(moved ?? chosen)}
        onChange={setMoved}
        onChangeEnd={(end) => (setChosen(end), setMoved(undefined))}
        thumbLabel={words.moment}
        thumbProps={{ 'aria-valuetext': label(place(moved ?? chosen)) } as never}
        data-testid="as-of"
      />
      <Text size="sm" c="dimmed">
        {label(place(moved ?? chosen))}
      </Text>
      <Shown of={state}>
        {(then) => (
          <>
            <Title order={2} size="h4">
              <Time at={at} plant={plant} />{' '}
              <Text span c="dimmed">
                {words.after(event)}
              </Text>
            </Title>
            <StateTable {...then} />
          </>
        )}
      </Shown>
    </Stack>
  );
}

function StateTable({ state, events, revision }: Schemas['AuditState']) {
  const words = useWords(auditWords);
  return (
    <>
      <Text size="sm" c="dimmed">
        {words.events(events)} · {words.revision(revision)}
      </Text>
      <Rows label={words.value} heads={[words.value, '']}>
        {leaves(state).map(([path, value]) => (
          <Table.Tr key={path} data-path={path}>
            <Table.Td>{path}</Table.Td>
            <Table.Td>
              <Value of={value} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
    </>
  );
}

/** The values of a state by their place; lists stay whole. */
function leaves(of: unknown, path = ''): [string, unknown][] {
  if (typeof of !== 'object' || of === null || Array.isArray(of)) return [[path, of]];
  return Object.entries(of).flatMap(([key, value]) => leaves(value, path ? `${path}.${key}` : key));
}

export function Difference({ stream, events }: Props) {
  const words = useWords(auditWords);
  const { axis, setAxis, stops, label } = useStops({ events });
  const [chosen, setChosen] = useState<[number, number]>();
  const last = stops.length - 1;
  const [moved, setMoved] = useState<[number, number]>();
  const [from, to] = chosen ?? [0, last];
  const [movedFrom, movedTo] = moved ?? [from, to];
  const name = axis === 'occurredAt' ? 'OccurredAt' : 'RecordedAt';
  const query = { entity: stream, [`from${name}`]: stops[Math.min(from, last)]!.at, [`to${name}`]: stops[Math.min(to, last)]!.at };
  const difference = useRead('/audit/difference', { query, every: false });
  return (
    <Stack>
      <AxisChoice axis={axis} onChange={(next) => (setAxis(next), setChosen(undefined), setMoved(undefined))} />
      <RangeSlider
        {...steps(stops)}
        minRange={0}
        value={[Math.min(movedFrom, last), Math.min(movedTo, last)]}
        onChange={setMoved}
        onChangeEnd={(end) => (setChosen(end), setMoved(undefined))}
        thumbFromLabel={words.from}
        thumbToLabel={words.to}
        thumbProps={(thumb) => ({ 'aria-valuetext': label(thumb === 0 ? movedFrom : movedTo) }) as never}
      />
      <Text>
        {words.from}: <b>{label(movedFrom)}</b> {words.to}: <b>{label(movedTo)}</b>
      </Text>
      <Shown of={difference}>
        {({ changes, events: between }) => (
          <>
            <Text size="sm" c="dimmed">
              {changes.length === 0 ? words.same : words.changes(changes.length)}
            </Text>
            {changes.length > 0 ? <Changes of={changes} /> : null}
            {between.length > 0 ? (
              <Rows label={words.between} heads={[words.between, words.recorded]}>
                {between.map(({ id, type, recordedAt }) => (
                  <Table.Tr key={id}>
                    <Table.Td>{type}</Table.Td>
                    <Table.Td>
                      <Time at={recordedAt} plant={events[0]?.facility ?? plantOf(stream)} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
            ) : null}
          </>
        )}
      </Shown>
    </Stack>
  );
}
