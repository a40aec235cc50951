/** Where time and pieces were lost, the most first. */
import { Button, Group, NativeSelect, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useRead } from '../../client/query';
import { lengthOf } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { kpisWords } from '../../words/kpis';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import { opens, type Opened } from './opens';
import type { Asked, Focus } from './question';

const DOWNTIME_BY = ['Reason', 'LossClass', 'Equipment', 'Product', 'Shift'] as const;
const SCRAP_BY = ['Reason', 'Equipment', 'Operation', 'Product', 'Shift'] as const;

type Props = Readonly<{ asked: Asked; onOpen: (focus: Focus, machine?: string) => void }>;

export function Losses({ asked, onOpen }: Props) {
  const words = useWords(kpisWords);
  return (
    <section aria-labelledby="losses">
      <Title order={2} size="h4" id="losses" mb="xs">
        {words.pareto}
      </Title>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Downtime asked={asked} onOpen={onOpen} />
        <Scrap asked={asked} onOpen={onOpen} />
      </SimpleGrid>
    </section>
  );
}

function Head<By extends keyof typeof kpisWords.en>(
  props: Readonly<{ title: string; by: By; all: readonly By[]; onChange: (by: By) => void }>,
) {
  const words = useWords(kpisWords);
  const { title, by, all, onChange } = props;
  return (
    <Group justify="space-between" align="flex-end">
      <Title order={3} size="h5">
        {title}
      </Title>
      <NativeSelect
        aria-label={`${title}: ${words.by}`}
        value={by}
        data={all.map((value) => ({ value, label: `${words.by} ${words[value] as string}` }))}
        onChange={({ currentTarget }) => onChange(currentTarget.value as By)}
      />
    </Group>
  );
}

function Share({ of }: Readonly<{ of: string | null }>) {
  const words = useWords(kpisWords);
  return (
    <Table.Td miw={110}>
      <div className="bar" aria-hidden>
        <div style={{ width: `${Number(of ?? 0) * 100}%` }} />
      </div>
      <Text size="sm" className="number">
        {words.percent(of)}
      </Text>
    </Table.Td>
  );
}

/** The facts behind a row, where the api can list them. */
function Open({ opened, name, onOpen }: Readonly<{ opened: Opened | undefined; name: string; onOpen: Props['onOpen'] }>) {
  const words = useWords(kpisWords);
  return (
    <Table.Td>
      {opened ? (
        <Button
          size="compact-md"
          variant="default"
          className="no-print"
          aria-label={words.evidenceFor(name)}
          onClick={() => onOpen(opened.focus, opened.machine)}
        >
          {words.open}
        </Button>
      ) : null}
    </Table.Td>
  );
}

function Downtime({ asked, onOpen }: Props) {
  const words = useWords(kpisWords);
  const terms = useWords(termWords);
  const [by, setBy] = useState<(typeof DOWNTIME_BY)[number]>('Reason');
  const stops = useRead('/kpi/downtime', { query: { ...asked, by } });
  return (
    <Stack gap="xs">
      <Head title={words.downtime} by={by} all={DOWNTIME_BY} onChange={setBy} />
      <Shown of={stops}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed">{words.noStops}</Text>
          ) : (
            <Rows
              label={words.downtime}
              heads={[<span className="first">{words[by]}</span>, words.length, words.stops, words.share, words.cumulative, '']}
              numbers={[1, 2]}
            >
              {items.map(({ key, name, lossClass, seconds, stops: count, share, cumulativeShare }) => (
                <Table.Tr key={JSON.stringify([key, lossClass])} data-loss={key ?? ''}>
                  <Table.Td>
                    {name ?? (key === null ? words.unnamed : termOf(terms, key))}
                    {lossClass && by === 'Reason' ? (
                      <Text size="sm" c="dimmed">
                        {termOf(terms, lossClass)}
                      </Text>
                    ) : null}
                  </Table.Td>
                  <Table.Td ta="right">{lengthOf(seconds * 1_000)}</Table.Td>
                  <Table.Td ta="right">{count}</Table.Td>
                  <Share of={share} />
                  <Table.Td className="number">{words.percent(cumulativeShare)}</Table.Td>
                  <Open {...opens('Stop', by, { key, name: name ?? (key === null ? null : termOf(terms, key)) }, asked)} onOpen={onOpen} />
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Shown>
    </Stack>
  );
}

function Scrap({ asked, onOpen }: Props) {
  const words = useWords(kpisWords);
  const [by, setBy] = useState<(typeof SCRAP_BY)[number]>('Reason');
  const scrap = useRead('/kpi/scrap', { query: { ...asked, by } });
  return (
    <Stack gap="xs">
      <Head title={words.scrapped} by={by} all={SCRAP_BY} onChange={setBy} />
      <Shown of={scrap}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed">{words.noScrap}</Text>
          ) : (
            <Rows
              label={words.scrapped}
              heads={[<span className="first">{words[by]}</span>, words.quantity, words.reports, words.share, words.cumulative, '']}
              numbers={[1, 2]}
            >
              {items.map(({ key, name, unit, quantity, reports, share, cumulativeShare }) => (
                <Table.Tr key={JSON.stringify([key, unit])} data-scrap={key ?? ''}>
                  <Table.Td>{name ?? key ?? words.unnamed}</Table.Td>
                  <Table.Td ta="right">
                    {quantity} {unit}
                  </Table.Td>
                  <Table.Td ta="right">{reports}</Table.Td>
                  <Share of={share} />
                  <Table.Td className="number">{words.percent(cumulativeShare)}</Table.Td>
                  <Open {...opens('Report', by, { key, name }, asked)} onOpen={onOpen} />
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Shown>
    </Stack>
  );
}
