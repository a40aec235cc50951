/** One work order: what is to do, what was reported, and the acts of the shop floor, with targets for gloves. */
import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { send } from '../../client/command';
import { useRead } from '../../client/query';
import { Act } from '../../parts/act';
import { useMay } from '../../parts/me';
import { Progress } from '../../parts/progress';
import { Shown } from '../../parts/shown';
import { State } from '../../parts/state';
import { workOrderWords } from '../../words/work-order';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import { HandOver, Pause } from './interrupt';
import { Operations } from './operations';
import type { Order } from './order';
import { Reports } from './reports';

export default function WorkOrder() {
  const { workOrderId } = useParams({ strict: false }) as { workOrderId: string };
  const order = useRead('/work-order/{id}', { place: { id: workOrderId } });
  return <Shown of={order}>{(row) => <Whole key={row.workOrderId} {...row} />}</Shown>;
}

function Whole(order: Order) {
  const words = useWords(workOrderWords);
  const terms = useWords(termWords);
  const { workOrderId, quantity, unit } = order;
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h2">
            {workOrderId}
          </Title>
          <Group gap="md">
            <State of={order.status} size="lg" />
            {order.subStatus ? <Text>{termOf(terms, order.subStatus)}</Text> : null}
            <Text>{order.product}</Text>
            {order.productionOrderId ? (
              <Text c="dimmed">
                {words.partOf} {order.productionOrderId}
              </Text>
            ) : null}
          </Group>
        </div>
        <div>
          <Progress percent={order.percentDone} text={words.done(order.percentDone ?? '0')} />
          <Text size="sm">{words.made(order.good, quantity ?? '–', unit)}</Text>
          <Text size="sm" c="dimmed">
            {words.scrapAndRework(order.scrap, order.rework)}
          </Text>
        </div>
      </Group>
      {order.holdReason ? (
        <Alert color="orange" variant="outline" title={`${words.held} ${termOf(terms, order.holdCause)}`}>
          {order.holdReason}
        </Alert>
      ) : null}
      {order.question ? (
        <Alert color="orange" variant="outline" title={words.question}>
          {order.question}
        </Alert>
      ) : null}
      {order.blockers.length > 0 ? (
        <Text c="var(--plantlog-wait)">
          {words.blockers} {order.blockers.join(', ')}
        </Text>
      ) : null}
      <Acts {...order} />
      <Paper withBorder p="sm">
        <Title order={2} size="h4" mb="xs">
          {words.operations}
        </Title>
        <Operations {...order} />
      </Paper>
      <Paper withBorder p="sm">
        <Title order={2} size="h4" mb="xs">
          {words.reports}
        </Title>
        <Reports workOrderId={workOrderId} facilityId={order.facilityId} />
      </Paper>
    </Stack>
  );
}

/** What can be done with the whole order now. */
function Acts({ workOrderId, status, operations }: Order) {
  const words = useWords(workOrderWords);
  const may = useMay();
  const [open, setOpen] = useState<'pause' | 'hand-over'>();
  const isOver = operations.every(({ phase, planned }) => !planned || phase === 'Completed');
  return (
    <Group gap="sm" className="no-print">
      {status === 'Running' && may('post /work-order/pause-work-order') ? (
        <>
          <Button size="xl" variant="default" onClick={() => setOpen('pause')}>
            {words.pause}
          </Button>
          <Button size="xl" variant="default" onClick={() => setOpen('hand-over')}>
            {words.handOver}
          </Button>
        </>
      ) : null}
      {status === 'Interrupted' && may('post /work-order/resume-work-order') ? (
        <Act does={() => send('/work-order/resume-work-order', { workOrderId }, words.titleResume(workOrderId))}>
          {(run, isBusy) => (
            <Button size="xl" loading={isBusy} onClick={run}>
              {words.resume}
            </Button>
          )}
        </Act>
      ) : null}
      {status === 'Running' && isOver && may('post /work-order/complete-work-order') ? (
        <Act does={() => send('/work-order/complete-work-order', { workOrderId }, words.titleComplete(workOrderId))}>
          {(run, isBusy) => (
            <Button size="xl" loading={isBusy} onClick={run}>
              {words.completeOrder}
            </Button>
          )}
        </Act>
      ) : null}
      {open === 'pause' ? <Pause workOrderId={workOrderId} onClose={() => setOpen(undefined)} /> : null}
      {open === 'hand-over' ? <HandOver workOrderId={workOrderId} onClose={() => setOpen(undefined)} /> : null}
    </Group>
  );
}
