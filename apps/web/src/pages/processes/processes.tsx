/** The instances of all processes: the state of each, what it waits for, and its last error. */
import { Group, NativeSelect, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useRows } from '../../client/query';
import { links } from '../../parts/links';
import { Time, usePlantFilter } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { ShownList } from '../../parts/shown';
import { processesWords } from '../../words/processes';
import { useWords } from '../../words/words';
import { processNames } from './diagrams';
import { InstanceMark, STATES, type InstanceState } from './state';

/** Choices that are no state. */
const [OPEN, ALL] = ['open', 'all'] as const;
const UNDER_WAY = STATES.filter((state) => state !== 'Over');
/** For the filter: undefined asks for all. */
const statesOf = (chosen: InstanceState | typeof OPEN | typeof ALL) =>
  chosen === OPEN ? UNDER_WAY : chosen === ALL ? undefined : [chosen];

export default function Processes() {
  const words = useWords(processesWords);
  const [process, setProcess] = useState('');
  const [state, setState] = useState<InstanceState | typeof OPEN | typeof ALL>(OPEN);
  const instances = useRows('/processes', {
    query: { ...usePlantFilter(), first: 200, ...(process && { process }), state: statesOf(state) },
    every: 5_000,
  });
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={1} size="h2">
            {words.title}
          </Title>
          <Text c="dimmed">{words.aboutTitle}</Text>
        </div>
        <Group align="flex-end">
          <NativeSelect
            label={words.process}
            value={process}
            data={[{ value: '', label: words.all }, ...processNames]}
            onChange={({ currentTarget }) => setProcess(currentTarget.value)}
          />
          <NativeSelect
            label={words.state}
            value={state}
            data={[
              { value: OPEN, label: words.open },
              { value: ALL, label: words.all },
              ...STATES.map((value) => ({ value, label: words[value] })),
            ]}
            onChange={({ currentTarget }) => setState(currentTarget.value as typeof state)}
          />
        </Group>
      </Group>
      <ShownList of={instances} empty={words.none}>
        {(rows) => (
          <Rows label={words.title} heads={[words.state, words.instance, words.status, words.waitingFor, words.since]}>
            {rows.map((row) => (
              <Table.Tr key={row.stream} data-instance={row.stream}>
                <Table.Td>
                  <InstanceMark of={row.state} />
                </Table.Td>
                <Table.Td>
                  <Link to={links.process(row.process, row.instanceId)} className="strong">
                    {row.instanceId}
                  </Link>
                  <Text size="sm" c="dimmed">
                    {row.process}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {row.status}
                  <Text size="sm" c="var(--plantlog-bad)" lineClamp={2}>
                    {row.lastError}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {row.waitingFor} {row.dueAt ? <Time at={row.dueAt} plant={row.facilityId} /> : null}
                </Table.Td>
                <Table.Td>
                  <Time at={row.since} plant={row.facilityId} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Rows>
        )}
      </ShownList>
    </Stack>
  );
}
