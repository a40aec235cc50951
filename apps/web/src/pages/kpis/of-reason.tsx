/** The stops, or the reports with scrap, of one reason: of all machines that the question is about. */
import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRows } from '../../client/query';
import { links } from '../../parts/links';
import { lengthOf, Time } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { ShownList } from '../../parts/shown';
import { kpisWords } from '../../words/kpis';
import { useWords } from '../../words/words';
import type { Asked, Focus } from './question';

type Props = Readonly<{ asked: Asked; focus: Focus }>;

export function OfReason(props: Props) {
  return props.focus.kind === 'Stop' ? <Stops {...props} /> : <Reports {...props} />;
}

const ofMachines = ({ facilityId, equipmentId }: Asked) => ({
  facilityId: [facilityId],
  ...(equipmentId && { equipmentId: [equipmentId] }),
  first: 500,
});

function Stops({ asked, focus: { reasonCode, lossClass } }: Props) {
  const words = useWords(kpisWords);
  const stops = useRows('/equipment-stops', {
    query: {
      ...ofMachines(asked),
      ...(reasonCode && { reasonCode }),
      ...(lossClass && { lossClass: [lossClass] as never }),
      startedAtTo: asked.to,
      sort: 'startedAtDescending',
    },
  });
  return (
    <ShownList of={stops} empty={words.noEvidence}>
      {(rows) => {
        // One that began before the period counts from its beginning on.
        const within = rows.filter(({ endedAt }) => !endedAt || endedAt > asked.from);
        if (within.length === 0) return <Text c="dimmed">{words.noEvidence}</Text>;
        return (
          <Rows label={words.evidence} heads={[words.machine, words.what, words.from, words.to, words.length, words.recorded]}>
            {within.map(({ key, equipmentId, stopId, startedAt, endedAt, recordedAt }) => (
              <Table.Tr key={key} data-stop-of-reason={key}>
                <Table.Td>
                  <Link to={links.timeline(equipmentId)}>{equipmentId}</Link>
                </Table.Td>
                <Table.Td>{stopId}</Table.Td>
                <Table.Td>
                  <Time at={startedAt} plant={asked.facilityId} />
                </Table.Td>
                <Table.Td>{endedAt ? <Time at={endedAt} plant={asked.facilityId} /> : words.still}</Table.Td>
                <Table.Td>{endedAt ? lengthOf(Date.parse(endedAt) - Date.parse(startedAt)) : null}</Table.Td>
                <Table.Td>
                  <Time at={recordedAt} plant={asked.facilityId} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Rows>
        );
      }}
    </ShownList>
  );
}

function Reports({ asked, focus: { reasonCode = '' } }: Props) {
  const words = useWords(kpisWords);
  const reports = useRows('/production-report', {
    query: {
      ...ofMachines(asked),
      scrapReasons: reasonCode,
      reversed: [false],
      endedAtFrom: asked.from,
      endedAtTo: asked.to,
      sort: 'endedAt',
    },
  });
  return (
    <ShownList of={reports} empty={words.noEvidence}>
      {(rows) => (
        <Rows label={words.evidence} heads={[words.machine, words.Report, words.to, words.quantity, words.recorded]} numbers={[3]}>
          {rows.map(({ entryId, equipmentId, workOrderId, operationId, reportId, endedAt, recordedAt, unit, scrapByReason }) => (
            <Table.Tr key={entryId} data-report-of-reason={entryId}>
              <Table.Td>{equipmentId}</Table.Td>
              <Table.Td>
                <Link to={links.workOrder(workOrderId)}>{workOrderId}</Link> {operationId} {reportId}
              </Table.Td>
              <Table.Td>
                <Time at={endedAt} plant={asked.facilityId} />
              </Table.Td>
              <Table.Td ta="right">
                {scrapByReason.find((each) => each.reasonCode === reasonCode)?.quantity} {unit}
              </Table.Td>
              <Table.Td>
                <Time at={recordedAt} plant={asked.facilityId} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
    </ShownList>
  );
}
