/** Where a lot came from and where it went: as a graph, as a table, and the lots to recall. */
import { Center, Loader, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { Schemas } from '../../client/api';
import { useRead, useRows } from '../../client/query';
import type { GraphEdge, GraphNode } from '../../parts/graph/graph';
import { links } from '../../parts/links';
import { Time } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown, ShownList } from '../../parts/shown';
import { lotsWords } from '../../words/lots';
import { shellWords } from '../../words/shell';
import { useWords } from '../../words/words';
import { LotStatus } from './status';

const Graph = lazy(() => import('../../parts/graph/graph'));
/** Steps of one direction that are shown. */
const MOST = 500;
/** Lots whose stock is asked for at once: their ids must fit into an address. */
const MOST_LOTS = 150;

type Step = Schemas['GenealogyStep'];
type Direction = 'both' | 'FORWARD' | 'BACKWARD';

const linkOf = (kind: 'Lot' | 'WorkOrder', id: string) => (kind === 'Lot' ? links.lot(id) : links.workOrder(id));

export function Genealogy({ lotId }: Readonly<{ lotId: string }>) {
  const words = useWords(lotsWords);
  const [direction, setDirection] = useState<Direction>('both');
  const forward = useRead('/genealogy', { query: { id: lotId, direction: 'FORWARD', first: MOST } });
  const backward = useRead('/genealogy', { query: { id: lotId, direction: 'BACKWARD', first: MOST } });
  return (
    <Stack>
      <Title order={2} size="h4">
        {words.genealogy}
      </Title>
      <SegmentedControl
        transitionDuration={0}
        aria-label={words.direction}
        value={direction}
        onChange={(value) => setDirection(value as Direction)}
        data={[
          { value: 'both', label: words.both },
          { value: 'BACKWARD', label: words.backward },
          { value: 'FORWARD', label: words.forward },
        ]}
        style={{ alignSelf: 'flex-start' }}
      />
      <Shown of={backward}>
        {(before) => (
          <Shown of={forward}>
            {(after) => (
              <Trace
                lotId={lotId}
                steps={[...(direction === 'FORWARD' ? [] : before.items), ...(direction === 'BACKWARD' ? [] : after.items)]}
                isCut={[before, after].some(({ complete, nextCursor }) => !complete || nextCursor !== null)}
              />
            )}
          </Shown>
        )}
      </Shown>
      <Title order={2} size="h4">
        {words.recall}
      </Title>
      <Text c="dimmed">{words.recallAbout}</Text>
      <Shown of={forward}>{({ items }) => <Recall steps={items} lotId={lotId} />}</Shown>
    </Stack>
  );
}

function Trace({ lotId, steps, isCut }: Readonly<{ lotId: string; steps: readonly Step[]; isCut: boolean }>) {
  const words = useWords(lotsWords);
  const shell = useWords(shellWords);
  const navigate = useNavigate();
  // The graph is laid out again only if the steps differ.
  const key = JSON.stringify(steps.map(({ edge }) => [edge.edgeId, edge.amount, edge.voidedBy]));
  const { nodes, edges, kinds } = useMemo(() => graphOf(lotId, steps, words), [key, lotId, words]);
  if (steps.length === 0) return <Text c="dimmed">{words.noSteps}</Text>;
  return (
    <>
      <Suspense
        fallback={
          <Center h={420}>
            <Loader aria-label={shell.loading} />
          </Center>
        }
      >
        <Graph
          nodes={nodes}
          edges={edges}
          label={words.genealogyOf(lotId)}
          height={420}
          onOpen={(id) => void navigate({ to: linkOf(kinds.get(id) ?? 'Lot', id) })}
        />
      </Suspense>
      {isCut ? <Text c="var(--plantlog-wait)">{words.cut}</Text> : null}
      <details>
        <summary>
          {words.steps} ({steps.length})
        </summary>
        <Rows label={words.steps} heads={[words.parent, words.kind, words.child, words.amount, words.when]} numbers={[3]}>
          {steps.map(({ edge }) => (
            <Table.Tr key={edge.edgeId}>
              <Table.Td>
                <Link to={linkOf(edge.parentKind, edge.parentId)}>{edge.parentId}</Link>
              </Table.Td>
              <Table.Td>{words[edge.kind]}</Table.Td>
              <Table.Td>
                <Link to={linkOf(edge.childKind, edge.childId)}>{edge.childId}</Link>
              </Table.Td>
              <Table.Td ta="right">
                {edge.amount} {edge.unit}
              </Table.Td>
              <Table.Td>
                <Time at={edge.occurredAt} plant={edge.facilityId} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      </details>
    </>
  );
}

function graphOf(lotId: string, steps: readonly Step[], words: typeof lotsWords.en) {
  const kinds = new Map<string, 'Lot' | 'WorkOrder'>([[lotId, 'Lot']]);
  const edges = new Map<string, GraphEdge>();
  for (const { edge } of steps) {
    kinds.set(edge.parentId, edge.parentKind);
    kinds.set(edge.childId, edge.childKind);
    edges.set(edge.edgeId, { from: edge.parentId, to: edge.childId, label: `${edge.amount} ${edge.unit}` });
  }
  const nodes = [...kinds].map(([id, kind]): GraphNode => {
    const tone = id === lotId ? 'good' : kind === 'Lot' ? 'move' : 'idle';
    return {
      id,
      tone,
      label: (
        <>
          <b>{id}</b>
          <br />
          {kind === 'Lot' ? words.lot : words.workOrder}
        </>
      ),
    };
  });
  return { nodes, edges: [...edges.values()], kinds };
}

function Recall({ lotId, steps }: Readonly<{ lotId: string; steps: readonly Step[] }>) {
  const words = useWords(lotsWords);
  const depths = new Map<string, number>();
  for (const { edge, depth } of steps)
    if (edge.childKind === 'Lot' && edge.childId !== lotId && !edge.voidedBy)
      depths.set(edge.childId, Math.min(depth, depths.get(edge.childId) ?? Infinity));
  const ids = [...depths.keys()].slice(0, MOST_LOTS);
  const lots = useRows('/material-lot', { query: { lotId: ids, first: MOST_LOTS }, enabled: ids.length > 0 });
  if (ids.length === 0) return <Text>{words.noRecall}</Text>;
  return (
    <ShownList of={lots}>
      {(rows) => (
        <>
          {depths.size > ids.length ? <Text c="var(--plantlog-wait)">{words.cut}</Text> : null}
          <Rows
            label={words.recall}
            heads={[words.lot, words.material, words.status, words.onHand, words.place, words.depth]}
            numbers={[3, 5]}
          >
            {rows.map(({ lotId: id, materialId, status, holds, onHand, unit, locationId }) => (
              <Table.Tr key={id} data-recall={id}>
                <Table.Td>
                  <Link to={links.lot(id)}>{id}</Link>
                </Table.Td>
                <Table.Td>{materialId}</Table.Td>
                <Table.Td>
                  <LotStatus of={status} holds={holds} />
                </Table.Td>
                <Table.Td ta="right">
                  {onHand} {unit}
                </Table.Td>
                <Table.Td>{locationId}</Table.Td>
                <Table.Td ta="right">{depths.get(id)}</Table.Td>
              </Table.Tr>
            ))}
          </Rows>
        </>
      )}
    </ShownList>
  );
}
