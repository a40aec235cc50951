/** How instances of a process move between phases; the phase of one instance is marked. */
import { Center, Loader, Table, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { grouped } from '../../parts/grouped';
import type { GraphEdge, GraphNode } from '../../parts/graph/graph';
import { Rows } from '../../parts/rows';
import { processesWords } from '../../words/processes';
import { shellWords } from '../../words/shell';
import { useWords } from '../../words/words';
import { diagramOf, type Diagram } from './diagrams';

const Graph = lazy(() => import('../../parts/graph/graph'));

/** One arrow for all transitions between two phases; staying in a phase is in the table only. */
function graphOf({ states, transitions }: Diagram, now: string | null, start: string) {
  const idOf = (state: string) => `state ${state}`;
  const nodes = states.map((state): GraphNode => ({
    id: idOf(state),
    label: state || start,
    tone: state !== '' && state === now ? 'good' : 'idle',
  }));
  const arrows = grouped(
    transitions.filter(({ from, to }) => from !== to),
    ({ from, to }) => JSON.stringify([from, to]),
  );
  const edges = [...arrows.values()].map((own): GraphEdge => {
    const inputs = [...new Set(own.map(({ on }) => on.split(' / ')[0]!))];
    return { from: idOf(own[0]!.from), to: idOf(own[0]!.to), label: inputs.length > 1 ? `${inputs[0]} +${inputs.length - 1}` : inputs[0]! };
  });
  return { nodes, edges };
}

export function ProcessDiagram({ process, now }: Readonly<{ process: string; now: string | null }>) {
  const words = useWords(processesWords);
  const shell = useWords(shellWords);
  const diagram = diagramOf(process);
  const graph = useMemo(() => diagram && graphOf(diagram, now, words.start), [diagram, now, words]);
  if (!diagram || !graph) return <Text c="dimmed">{words.noDiagram}</Text>;
  return (
    <section aria-labelledby="diagram">
      <Title order={2} size="h4" id="diagram">
        {words.diagram}
      </Title>
      <Text c="dimmed">{words.diagramAbout}</Text>
      <Suspense
        fallback={
          <Center h={420}>
            <Loader aria-label={shell.loading} />
          </Center>
        }
      >
        <Graph {...graph} label={words.diagramOf(process)} height={420} />
      </Suspense>
      <details>
        <summary>
          {words.arrows} ({diagram.transitions.length})
        </summary>
        <Rows label={words.arrows} heads={[words.from, words.on, words.to]}>
          {diagram.transitions.map(({ from, on, to }) => (
            <Table.Tr key={`${from}|${on}|${to}`}>
              <Table.Td>{from || words.start}</Table.Td>
              <Table.Td>{on}</Table.Td>
              <Table.Td>{to}</Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      </details>
    </section>
  );
}
