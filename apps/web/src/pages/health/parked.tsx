/** Partitions of views that are held up by an event, with what an engineer can do. */
import { Button, Group, Table, Text, Title } from '@mantine/core';
import type { Schemas } from '../../client/api';
import { send } from '../../client/command';
import { useRead } from '../../client/query';
import { Act } from '../../parts/act';
import { Decide } from '../../parts/decide';
import { History } from '../../parts/history';
import { useMay } from '../../parts/me';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { Value } from '../../parts/value';
import { healthWords } from '../../words/health';
import { useWords } from '../../words/words';

const EVERY = 2_000;

export function ParkedEvents() {
  const words = useWords(healthWords);
  const parked = useRead('/views/parked', { every: EVERY });
  return (
    <section aria-labelledby="parked">
      <Title order={2} size="h4" id="parked">
        {words.parkedViews}
      </Title>
      <Text c="dimmed">{words.parkedAbout}</Text>
      <Shown of={parked}>
        {({ items }) =>
          items.length === 0 ? (
            <Text data-testid="nothing-parked">{words.noParked}</Text>
          ) : (
            <Rows
              label={words.parkedViews}
              heads={[words.view, words.partition, words.event, words.error, words.waiting, '']}
              numbers={[4]}
            >
              {items.map((partition) => (
                <Parked key={`${partition.table} ${partition.partition}`} {...partition} />
              ))}
            </Rows>
          )
        }
      </Shown>
    </section>
  );
}

function Parked({ view, table, partition, waiting, head }: Schemas['ParkedPartitionAnswer']) {
  const words = useWords(healthWords);
  const may = useMay();
  return (
    <Table.Tr data-parked={`${view} ${partition}`}>
      <Table.Td>{view}</Table.Td>
      <Table.Td>{partition}</Table.Td>
      <Table.Td>
        {head.type}
        <Text size="sm" c="dimmed">
          {head.stream} {head.revision} <History of={head.stream} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Value of={head.error} />
        {head.requested ? <Text size="sm">{words.requested(head.requested)}</Text> : null}
      </Table.Td>
      <Table.Td ta="right">{waiting}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          {may('post /views/retry-parked') ? (
            <Act does={() => send('/views/retry-parked', { table, partition }, words.retrying(view))}>
              {(run, isBusy) => (
                <Button variant="default" loading={isBusy} onClick={run}>
                  {words.retry}
                </Button>
              )}
            </Act>
          ) : null}
          {may('post /views/skip-parked') ? (
            <Decide
              label={words.skip}
              color="red"
              title={words.skipping(view)}
              about={words.skipAbout}
              does={(reason) => send('/views/skip-parked', { table, partition, reason }, words.skipping(view))}
            />
          ) : null}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
