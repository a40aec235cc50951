import { Group, Paper, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../client/api';
import { links } from '../../parts/links';
import { Mark } from '../../parts/mark';
import { Time } from '../../parts/plants';
import { Progress } from '../../parts/progress';
import { State } from '../../parts/state';
import { orderWords } from '../../words/orders';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';

type Risk = Schemas['OrderBoardEntry']['risk'];

function RiskMark({ risk }: Readonly<{ risk: Risk }>) {
  const terms = useWords(termWords);
  if (risk === 'None') return null;
  return <Mark tone={risk === 'Exceeded' || risk === 'ShortMade' ? 'bad' : 'wait'}>{termOf(terms, risk)}</Mark>;
}

export function ProductionOrder(order: Schemas['OrderBoardEntry']) {
  const words = useWords(orderWords);
  const { productionOrderId, facilityId, unit, legs } = order;
  return (
    <Paper withBorder p="sm" data-order={productionOrderId}>
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap="sm">
            <Text fw={650}>{productionOrderId}</Text>
            <State of={order.status} />
            <RiskMark risk={order.risk} />
          </Group>
          <Group gap="md">
            <Text size="sm">{order.product}</Text>
            {order.customerRef ? (
              <Text size="sm">
                {words.forCustomer} {order.customerRef}
              </Text>
            ) : null}
            <Text size="sm">
              {words.due} <Time at={order.due} plant={facilityId} />
            </Text>
            <Text size="sm" c="dimmed">
              {words.priority(order.priority)}
            </Text>
          </Group>
        </div>
        <Stack gap={2}>
          <Progress percent={order.percentDone} text={words.done(order.percentDone)} />
          <Text size="sm">{words.made(order.good, order.quantity, unit)}</Text>
          {Number(order.unallocated) > 0 ? (
            <Text size="sm" c="var(--plantlog-wait)">
              {words.unallocated(order.unallocated, unit)}
            </Text>
          ) : null}
        </Stack>
      </Group>
      {legs.length === 0 ? null : (
        <details>
          <summary>{words.legs(legs.length)}</summary>
          <Stack gap={4} pt="xs">
            {legs.map((leg) => (
              <Group key={leg.workOrderId} gap="md">
                <Link to={links.workOrder(leg.workOrderId)}>{leg.workOrderId}</Link>
                <State of={leg.status} />
                <Text size="sm">{words.made(leg.good, leg.quantity, unit)}</Text>
                {leg.plannedEnd ? (
                  <Text size="sm" c="dimmed">
                    {words.plannedEnd} <Time at={leg.plannedEnd} plant={facilityId} />
                  </Text>
                ) : null}
              </Group>
            ))}
          </Stack>
        </details>
      )}
    </Paper>
  );
}
