/** How orders flow through the plant: on time, how many, right at the first pass, how long, and what is under way. */
import { Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { links } from '../../parts/links';
import { lengthOf, type Plant } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { kpisWords } from '../../words/kpis';
import { useWords } from '../../words/words';
import type { Asked } from './question';

type Period = Readonly<{ asked: Pick<Asked, 'facilityId' | 'from' | 'to'> }>;

export function Flow({ asked: { facilityId, from, to }, plant }: Readonly<{ asked: Asked; plant: Plant }>) {
  const words = useWords(kpisWords);
  const asked = { facilityId, from, to };
  return (
    <section aria-labelledby="flow">
      <Title order={2} size="h4" id="flow">
        {words.flow}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {words.flowAbout(plant.name)}
      </Text>
      <Stack gap="lg">
        <Adherence asked={asked} />
        <Throughput asked={asked} />
        <Yield asked={asked} />
        <LeadTime asked={asked} />
        <InProgress facilityId={facilityId} />
      </Stack>
    </section>
  );
}

type PartProps = Readonly<{ title: string; heads: readonly string[]; numbers?: readonly number[]; isEmpty: boolean; children: ReactNode }>;

function Part({ title, heads, numbers, isEmpty, children }: PartProps) {
  const words = useWords(kpisWords);
  return (
    <Stack gap="xs" data-flow={title}>
      <Title order={3} size="h5">
        {title}
      </Title>
      {isEmpty ? (
        <Text c="dimmed">{words.noOrders}</Text>
      ) : (
        <Rows label={title} heads={heads} numbers={numbers}>
          {children}
        </Rows>
      )}
    </Stack>
  );
}

function Ratio({ of }: Readonly<{ of: Schemas['KpiAnswer'] }>) {
  const words = useWords(kpisWords);
  return (
    <Table.Td ta="right" className="number">
      {of.value === null ? words[of.why ?? 'NoQuantity'] : words.percent(of.value)}
    </Table.Td>
  );
}

const length = (seconds: number | null | undefined): string =>
  seconds === null || seconds === undefined ? '–' : lengthOf(seconds * 1_000);

function Adherence({ asked }: Period) {
  const words = useWords(kpisWords);
  const read = useRead('/kpi/schedule-adherence', { query: asked });
  const heads = [
    words.Product,
    ...[words.due, words.onTime, words.lateOrders, words.short, words.aborted, words.overdue, words.notDue],
    ...[words.adherence, words.startAdherence, words.meanDelay],
  ];
  return (
    <Shown of={read}>
      {({ items, total }) => (
        <Part title={words.scheduleAdherence} heads={heads} numbers={[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]} isEmpty={items.length === 0}>
          {(items.length > 1 ? [...items, total] : items).map((of) => (
            <Table.Tr key={of === total ? 'total' : `of ${of.product}`}>
              <Table.Td>{of === total ? words.allProducts : (of.product ?? words.noProduct)}</Table.Td>
              {[of.due, of.onTime, of.late, of.short, of.aborted, of.overdue, of.open].map((count, index) => (
                <Table.Td key={index} ta="right">
                  {count}
                </Table.Td>
              ))}
              <Ratio of={of.adherence} />
              <Ratio of={of.startAdherence} />
              <Table.Td ta="right">{length(of.meanDelaySeconds)}</Table.Td>
            </Table.Tr>
          ))}
        </Part>
      )}
    </Shown>
  );
}

function Throughput({ asked }: Period) {
  const words = useWords(kpisWords);
  const read = useRead('/kpi/throughput', { query: asked });
  const heads = [words.Product, words.endedOrders, words.goodPieces, words.allPieces, words.executionTime, words.perHour];
  return (
    <Shown of={read}>
      {({ items }) => (
        <Part title={words.throughput} heads={heads} numbers={[1, 2, 3, 4, 5]} isEmpty={items.length === 0}>
          {items.map(({ product, unit, orders, good, produced, executionSeconds, throughputRate: { value, why } }) => (
            <Table.Tr key={`${product} ${unit}`}>
              <Table.Td>{product ?? words.noProduct}</Table.Td>
              <Table.Td ta="right">{orders}</Table.Td>
              <Table.Td ta="right">
                {good} {unit}
              </Table.Td>
              <Table.Td ta="right">
                {produced} {unit}
              </Table.Td>
              <Table.Td ta="right">{length(executionSeconds)}</Table.Td>
              <Table.Td ta="right">{value === null ? words[why ?? 'NoExecutionTime'] : `${words.rounded(value)} ${unit}`}</Table.Td>
            </Table.Tr>
          ))}
        </Part>
      )}
    </Shown>
  );
}

function Yield({ asked }: Period) {
  const words = useWords(kpisWords);
  const read = useRead('/kpi/yield', { query: asked });
  return (
    <Shown of={read}>
      {({ items }) => (
        <Part
          title={words.firstPassYield}
          heads={[words.Product, words.Operation, words.good, words.scrap, words.rework, words.firstPassYield, words.rolledYield]}
          numbers={[2, 3, 4, 5, 6]}
          isEmpty={items.length === 0}
        >
          {items.flatMap(({ product, unit, operations, rolledYield }) =>
            operations.map(({ operationId, good, scrap, rework, firstPassYield }, index) => (
              <Table.Tr key={`${product} ${unit} ${operationId}`}>
                <Table.Td>{index === 0 ? (product ?? words.noProduct) : null}</Table.Td>
                <Table.Td>{operationId}</Table.Td>
                {[good, scrap, rework].map((amount, place) => (
                  <Table.Td key={place} ta="right">
                    {amount} {unit}
                  </Table.Td>
                ))}
                <Ratio of={firstPassYield} />
                <Table.Td ta="right" className="number">
                  {index === 0 ? words.percent(rolledYield) : null}
                </Table.Td>
              </Table.Tr>
            )),
          )}
        </Part>
      )}
    </Shown>
  );
}

function LeadTime({ asked }: Period) {
  const words = useWords(kpisWords);
  const read = useRead('/kpi/lead-time', { query: asked });
  const KINDS = ['lead', 'execution'] as const;
  const heads = [words.Product, words.what, words.endedOrders, words.mean, words.half, words.nineOfTen, words.longest];
  return (
    <Shown of={read}>
      {({ items, total }) => (
        <Part title={words.leadTime} heads={heads} numbers={[2, 3, 4, 5, 6]} isEmpty={items.length === 0}>
          {(items.length > 1 ? [...items, total] : items).flatMap((of) =>
            KINDS.map((kind) => (
              <Table.Tr key={`${of === total ? 'total' : `of ${of.product}`} ${kind}`}>
                <Table.Td>{kind === 'execution' ? null : of === total ? words.allProducts : (of.product ?? words.noProduct)}</Table.Td>
                <Table.Td>{words[kind]}</Table.Td>
                <Table.Td ta="right">{of[kind].orders}</Table.Td>
                {[of[kind].mean, of[kind].half, of[kind].nineOfTen, of[kind].longest].map((seconds, index) => (
                  <Table.Td key={index} ta="right">
                    {length(seconds)}
                  </Table.Td>
                ))}
              </Table.Tr>
            )),
          )}
        </Part>
      )}
    </Shown>
  );
}

/** Now, not in the period. */
function InProgress({ facilityId }: Readonly<{ facilityId: string }>) {
  const words = useWords(kpisWords);
  const read = useRead('/kpi/work-in-progress', { query: { facilityId } });
  const heads = [
    words.Product,
    words.Operation,
    words.inProcess,
    words.orders,
    words.running,
    words.oldest,
    words.oldestOrder,
    words.meanAge,
  ];
  return (
    <Shown of={read}>
      {({ items, more }) => (
        <>
          <Part title={words.workInProgress} heads={heads} numbers={[2, 3, 4, 5, 7]} isEmpty={items.length === 0}>
            {items.map((of) => (
              <Table.Tr key={`${of.product} ${of.operationId} ${of.unit}`}>
                <Table.Td>{of.product}</Table.Td>
                <Table.Td>
                  {of.operationId} {of.operation}
                </Table.Td>
                <Table.Td ta="right">
                  {of.inProcess} {of.unit}
                </Table.Td>
                <Table.Td ta="right">{of.orders}</Table.Td>
                <Table.Td ta="right">{of.running}</Table.Td>
                <Table.Td ta="right">{length(of.oldestAgeSeconds)}</Table.Td>
                <Table.Td>{of.oldestOrder ? <Link to={links.workOrder(of.oldestOrder)}>{of.oldestOrder}</Link> : null}</Table.Td>
                <Table.Td ta="right">{length(of.meanAgeSeconds)}</Table.Td>
              </Table.Tr>
            ))}
          </Part>
          {more ? <Text c="dimmed">{words.moreInProgress}</Text> : null}
        </>
      )}
    </Shown>
  );
}
