import { Button, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { links } from '../../parts/links';
import { Time, usePlants } from '../../parts/plants';
import { Progress } from '../../parts/progress';
import { colorOf, State, toneOf } from '../../parts/state';
import { orderWords } from '../../words/orders';
import { useWords } from '../../words/words';

const Graph = lazy(() => import('../../parts/graph/graph'));
type Leg = Schemas['CustomerOrderLeg'];

/** Good pieces of the legs in percent of what was ordered, rounded down. */
const percentOf = (legs: readonly Leg[], quantity: string): string => {
  const good = legs.filter(({ status }) => status !== 'Undone').reduce((sum, leg) => sum + Number(leg.good), 0);
  return Number(quantity) > 0 ? String(Math.floor((100 * good) / Number(quantity))) : '0';
};

export function CustomerOrder(order: Schemas['CustomerOrderEntry']) {
  const words = useWords(orderWords);
  const { customerOrderId, facilityId, quantity, unit } = order;
  const [isGraph, setGraph] = useState(false);
  const legs = useRead('/customer-order-legs', { query: { customerOrderId: [customerOrderId], first: 500 } });
  const rows = legs.data?.data.items ?? [];
  const percent = percentOf(rows, quantity);
  return (
    <Paper withBorder p="sm" data-order={customerOrderId}>
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap="sm">
            <Text fw={650}>{customerOrderId}</Text>
            <State of={order.status} />
          </Group>
          <Group gap="md">
            <Text size="sm">{order.product}</Text>
            <Text size="sm">
              {words.forCustomer} {order.customer}
            </Text>
            <Text size="sm">
              {words.due} <Time at={order.due} plant={facilityId} />
            </Text>
            <Text size="sm" c="dimmed">
              {words.priority(order.priority)}
            </Text>
          </Group>
          {order.question ? (
            <Text size="sm" c="var(--plantlog-wait)">
              {words.waits} {order.question}
            </Text>
          ) : null}
        </div>
        <Stack gap={2}>
          <Progress percent={percent} text={words.done(percent)} />
          <Text size="sm">
            {quantity} {unit}
          </Text>
          {order.correctedAt ? (
            <Text size="sm" c="var(--plantlog-wait)">
              {words.corrected} <Time at={order.correctedAt} plant={facilityId} />
            </Text>
          ) : null}
          {Number(order.unallocated) > 0 ? (
            <Text size="sm" c="var(--plantlog-wait)">
              {words.unallocated(order.unallocated, unit)}
            </Text>
          ) : null}
        </Stack>
      </Group>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed" pt="xs">
          {words.noLegs}
        </Text>
      ) : (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} pt="sm" spacing="sm">
            {rows.map((leg) => (
              <LegCard key={leg.legId} leg={leg} unit={unit} />
            ))}
          </SimpleGrid>
          <Button mt="sm" variant="default" className="no-print" onClick={() => setGraph(!isGraph)} aria-expanded={isGraph}>
            {isGraph ? words.noGraph : words.graph}
          </Button>
          {isGraph ? <LegGraph order={order} legs={rows} /> : null}
        </>
      )}
    </Paper>
  );
}

function LegCard({ leg, unit }: Readonly<{ leg: Leg; unit: string }>) {
  const words = useWords(orderWords);
  const plant = usePlants().get(leg.facilityId);
  return (
    <Paper withBorder p="xs" data-leg={leg.legId} style={{ borderInlineStart: `5px solid ${colorOf(toneOf(leg.status))}` }}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{plant?.name ?? leg.facilityId}</Text>
        <State of={leg.status} />
      </Group>
      <Link to={links.workOrder(leg.legId)}>{leg.legId}</Link>
      <Text size="sm">{words.made(leg.good, leg.quantity, unit)}</Text>
      {leg.plannedEnd ? (
        <Text size="sm" c="dimmed">
          {words.plannedEnd} <Time at={leg.plannedEnd} plant={leg.facilityId} />
        </Text>
      ) : null}
      {leg.done.length > 0 ? (
        <Text size="sm" c="dimmed">
          {words.steps} {leg.done.map((step) => (words as Record<string, unknown>)[step] ?? step).join(', ')}
        </Text>
      ) : null}
      {leg.lastError ? (
        <Text size="sm" c="var(--plantlog-bad)">
          {words.lastError} {leg.lastError}
        </Text>
      ) : null}
      {leg.blocked ? (
        <Text size="sm" c="var(--plantlog-bad)">
          {words.blocked(leg.blocked)}
        </Text>
      ) : null}
    </Paper>
  );
}

function LegGraph({ order, legs }: Readonly<{ order: Schemas['CustomerOrderEntry']; legs: readonly Leg[] }>) {
  const words = useWords(orderWords);
  const plants = usePlants();
  const navigate = useNavigate();
  const { customerOrderId, shipTo, unit } = order;
  const [nodes, edges] = useMemo(() => {
    const name = (id: string) => plants.get(id)?.name ?? id;
    const target = shipTo ? [{ id: 'target', label: name(shipTo), tone: 'idle' as const }] : [];
    return [
      [
        { id: customerOrderId, label: `${customerOrderId} · ${order.quantity} ${unit}`, tone: toneOf(order.status) },
        ...legs.map((leg) => ({
          id: leg.legId,
          label: `${name(leg.facilityId)} · ${leg.good}/${leg.quantity} ${unit}`,
          tone: toneOf(leg.status),
        })),
        ...target,
      ],
      [
        ...legs.map((leg) => ({ from: customerOrderId, to: leg.legId, label: leg.step ?? undefined })),
        ...(shipTo ? legs.map((leg) => ({ from: leg.legId, to: 'target', label: `${leg.received} ${unit}` })) : []),
      ],
    ];
  }, [order, legs, plants, customerOrderId, shipTo, unit]);
  return (
    <Suspense fallback={null}>
      <Graph
        nodes={nodes}
        edges={edges}
        height={360}
        label={words.graphOf(customerOrderId)}
        onOpen={(id) => (legs.some(({ legId }) => legId === id) ? void navigate({ to: links.workOrder(id) }) : undefined)}
      />
    </Suspense>
  );
}
