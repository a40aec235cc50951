import { Button, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { send } from '../../client/command';
import { Act } from '../../parts/act';
import { useMay } from '../../parts/me';
import { State } from '../../parts/state';
import { workOrderWords } from '../../words/work-order';
import { useWords } from '../../words/words';
import { Report } from './report';
import type { Order } from './order';

type Operation = Schemas['OperationProgress'];

export function Operations(order: Order) {
  const words = useWords(workOrderWords);
  const operations = [...order.operations].sort((a, b) => a.sequence - b.sequence);
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            {[words.operation, words.state, words.machine, words.good, words.scrap, words.rework, ''].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {operations.map((operation) => (
            <Table.Tr key={operation.operationId} data-operation={operation.operationId}>
              <Table.Td>
                <Text fw={600}>
                  {operation.operationId} {operation.name}
                </Text>
                {operation.person ? <Text size="sm">{operation.person}</Text> : null}
              </Table.Td>
              <Table.Td>
                <State of={operation.phase} />
              </Table.Td>
              <Table.Td>{operation.machine ?? operation.plannedMachine ?? '–'}</Table.Td>
              <Table.Td data-good={operation.good}>{operation.good}</Table.Td>
              <Table.Td>{operation.scrap}</Table.Td>
              <Table.Td>{operation.rework}</Table.Td>
              <Table.Td>
                <OperationActs order={order} operation={operation} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function OperationActs({ order, operation }: Readonly<{ order: Order; operation: Operation }>) {
  const words = useWords(workOrderWords);
  const may = useMay();
  const [isReporting, setReporting] = useState(false);
  const { workOrderId, status } = order;
  const { operationId, name, phase, machine, plannedMachine } = operation;
  const equipmentId = machine ?? plannedMachine ?? undefined;
  const canStart = (status === 'AllowedToStart' || status === 'Running') && (phase === 'Pending' || phase === 'Dispatched');
  return (
    <Group gap="xs" wrap="nowrap" justify="flex-end" className="no-print">
      {canStart && equipmentId && may('post /work-order/start-operation') ? (
        <Act
          does={() => send('/work-order/start-operation', { workOrderId, operationId, equipmentId }, words.titleStart(workOrderId, name))}
        >
          {(run, isBusy) => (
            <Button size="lg" variant="default" loading={isBusy} onClick={run}>
              {words.start}
            </Button>
          )}
        </Act>
      ) : null}
      {status === 'Running' && phase === 'Started' && may('post /work-order/report-production') ? (
        <Button size="lg" onClick={() => setReporting(true)}>
          {words.report}
        </Button>
      ) : null}
      {status === 'Running' && phase === 'Started' && may('post /work-order/complete-operation') ? (
        <Act
          does={() => send('/work-order/complete-operation', { workOrderId, operationId }, words.titleCompleteOperation(workOrderId, name))}
        >
          {(run, isBusy) => (
            <Button size="lg" variant="default" loading={isBusy} onClick={run}>
              {words.complete}
            </Button>
          )}
        </Act>
      ) : null}
      {isReporting ? <Report order={order} operation={operation} onClose={() => setReporting(false)} /> : null}
    </Group>
  );
}
