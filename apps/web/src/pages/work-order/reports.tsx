import { Button, Group, Table } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { newId, send } from '../../client/command';
import { useRows } from '../../client/query';
import { Amount, isAmount } from '../../parts/amount';
import { Form } from '../../parts/form';
import { isReason, Reason } from '../../parts/reason';
import { Mark } from '../../parts/mark';
import { useMay } from '../../parts/me';
import { Time } from '../../parts/plants';
import { ShownList } from '../../parts/shown';
import { workOrderWords } from '../../words/work-order';
import { useWords } from '../../words/words';
import { Scrap } from './scrap';
import { isLine, linesOf, scrapOf } from './scrap-lines';

type Row = Schemas['ProductionReport'];

/** All reports of an order, corrected ones included. */
export function Reports({ workOrderId, facilityId }: Readonly<{ workOrderId: string; facilityId: string }>) {
  const words = useWords(workOrderWords);
  const mayCorrect = useMay()('post /work-order/correct-report');
  const [wrong, setWrong] = useState<Row>();
  const reports = useRows('/production-report', { query: { workOrderId: [workOrderId], sort: 'endedAtDescending', first: 200 } });
  return (
    <>
      <ShownList of={reports} empty={words.noReports}>
        {(rows) => (
          <Table.ScrollContainer minWidth={640}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  {[words.to, words.operation, words.machine, words.good, words.scrap, words.rework, ''].map((name) => (
                    <Table.Th key={name}>{name}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((row) => (
                  <Table.Tr key={row.entryId} data-report={row.reportId ?? ''} data-reversed={row.reversed}>
                    <Table.Td>
                      <Time at={row.endedAt} plant={facilityId} />
                    </Table.Td>
                    <Table.Td>{row.operationId}</Table.Td>
                    <Table.Td>{row.equipmentId}</Table.Td>
                    <Table.Td td={row.reversed ? 'line-through' : undefined}>
                      {row.good} {row.unit}
                    </Table.Td>
                    <Table.Td>
                      {row.scrapByReason.length > 1
                        ? row.scrapByReason.map(({ quantity, reasonCode }) => `${quantity} ${reasonCode}`).join(', ')
                        : `${row.scrap} ${row.scrapReasons.join(', ')}`}
                    </Table.Td>
                    <Table.Td>{row.rework}</Table.Td>
                    <Table.Td>
                      <Group gap="xs" justify="flex-end" wrap="nowrap">
                        {row.reversed ? <Mark tone="idle">{words.reversed}</Mark> : null}
                        {!row.reversed && row.otherReportId ? <Mark tone="move">{words.correction}</Mark> : null}
                        {mayCorrect && !row.reversed && row.reportId ? (
                          <Button size="md" variant="default" className="no-print" onClick={() => setWrong(row)}>
                            {words.correct}
                          </Button>
                        ) : null}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </ShownList>
      {wrong ? <Correct key={wrong.entryId} row={wrong} onClose={() => setWrong(undefined)} /> : null}
    </>
  );
}

function Correct({ row, onClose }: Readonly<{ row: Row; onClose: () => void }>) {
  const words = useWords(workOrderWords);
  const { workOrderId, reportId, unit } = row;
  const [replacementReportId] = useState(() => `r-${newId().slice(0, 8)}`);
  const [good, setGood] = useState(row.good);
  const [scrap, setScrap] = useState(() => linesOf(row.scrapByReason));
  const [rework, setRework] = useState(row.rework);
  const [reason, setReason] = useState('');
  const scrapped = scrapOf(scrap);
  const title = words.titleCorrect(reportId!);
  const body = {
    workOrderId,
    reportId: reportId!,
    replacementReportId,
    good,
    ...(scrapped.length > 0 && { scrap: scrapped }),
    ...(Number(rework) > 0 && { rework }),
    reason: reason.trim(),
  };
  return (
    <Form
      title={title}
      submit={words.send}
      isComplete={[good, rework].every(isAmount) && scrap.every(isLine) && isReason(reason)}
      onClose={onClose}
      does={() => send('/work-order/correct-report', body, title)}
    >
      <Amount label={words.good} unit={unit} value={good} onChange={setGood} required />
      <Scrap unit={unit} lines={scrap} onChange={setScrap} />
      <Amount label={words.rework} unit={unit} value={rework} onChange={setRework} />
      <Reason value={reason} onChange={setReason} />
    </Form>
  );
}
