import { Button, Table, Text } from '@mantine/core';
import { useMay } from '../../parts/me';
import { lengthOf, Time } from '../../parts/plants';
import { timelineWords } from '../../words/timeline';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import type { Stop } from './stop';

type Props = Readonly<{ stops: readonly Stop[]; now: number; onClassify: (stop: Stop) => void }>;

/** The same stops as a table: for keyboards, screen readers and print. */
export function Stops({ stops, now, onClassify }: Props) {
  const words = useWords(timelineWords);
  const terms = useWords(termWords);
  const mayClassify = useMay()('post /equipment/classify-stop');
  if (stops.length === 0) return <Text c="dimmed">{words.none}</Text>;
  return (
    <Table.ScrollContainer minWidth={600}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            {[words.stops, words.began, words.length, words.cause, words.lossClass, ''].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {stops.map((stop) => (
            <Table.Tr key={stop.key} data-stop-row={stop.stopId}>
              <Table.Td>{stop.stopId}</Table.Td>
              <Table.Td>
                <Time at={stop.startedAt} plant={stop.facilityId} />
              </Table.Td>
              <Table.Td>
                {lengthOf((stop.endedAt ? Date.parse(stop.endedAt) : now) - Date.parse(stop.startedAt))}
                {stop.endedAt ? null : ` (${words.open})`}
              </Table.Td>
              <Table.Td>{termOf(terms, stop.cause)}</Table.Td>
              <Table.Td data-loss={stop.lossClass ?? ''}>
                {stop.lossClass ? (
                  <>
                    {termOf(terms, stop.lossClass)}{' '}
                    <Text span size="sm" c="dimmed">
                      {stop.reasonCode}
                      {stop.classifiedBy ? `, ${words.by} ${stop.classifiedBy}` : ''}
                    </Text>
                  </>
                ) : (
                  <Text c="var(--plantlog-wait)">{words.unclassified}</Text>
                )}
              </Table.Td>
              <Table.Td ta="right">
                {mayClassify ? (
                  <Button variant="default" className="no-print" onClick={() => onClassify(stop)}>
                    {words.classify}
                  </Button>
                ) : null}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
