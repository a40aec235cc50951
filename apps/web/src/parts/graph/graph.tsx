/**
 * A directed graph, laid out in layers. Hides: React Flow and ELK. Load it by `lazy(() => import('…/parts/graph/graph'))`: both are large. Promises: every
 * node can be reached and opened by keyboard. Does not: edit.
 */
import '@xyflow/react/dist/style.css';
import './graph.css';
import { Background, Controls, MarkerType, ReactFlow, type Edge, type Node } from '@xyflow/react';
import { useComputedColorScheme } from '@mantine/core';
import ELK from 'elkjs/lib/elk.bundled.js';
import { useEffect, useState, type ReactNode } from 'react';
import { colorOf, type Tone } from '../state';

export type GraphNode = Readonly<{ id: string; label: ReactNode; tone?: Tone }>;
export type GraphEdge = Readonly<{ from: string; to: string; label?: string }>;
type Props = Readonly<{
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  /** Name of the whole for screen readers. */
  label: string;
  direction?: 'RIGHT' | 'DOWN';
  height?: number;
  onOpen?: (id: string) => void;
}>;

const SIZE = { width: 190, height: 64 };
/** Between layers there is room for the text of the longest arrow, within bounds. */
const LAYERS = { least: 130, most: 330, perLetter: 7 };
const between = (edges: readonly GraphEdge[]) =>
  Math.min(LAYERS.most, Math.max(LAYERS.least, 40 + LAYERS.perLetter * Math.max(0, ...edges.map(({ label }) => label?.length ?? 0))));
const elk = new ELK();

export default function Graph({ nodes, edges, label, direction = 'RIGHT', height = 520, onOpen }: Props) {
  const [placed, setPlaced] = useState<Node[]>([]);
  const scheme = useComputedColorScheme('light');
  const canOpen = onOpen !== undefined;
  useEffect(() => {
    let isCurrent = true;
    const layout = {
      id: 'all',
      layoutOptions: {
        'elk.algorithm': 'layered',
        'elk.direction': direction,
        'elk.layered.spacing.nodeNodeBetweenLayers': String(direction === 'RIGHT' ? between(edges) : LAYERS.least),
        'elk.spacing.nodeNode': '44',
      },
      children: nodes.map(({ id }) => ({ id, ...SIZE })),
      edges: edges.map(({ from, to }, index) => ({ id: String(index), sources: [from], targets: [to] })),
    };
    void elk.layout(layout).then(({ children = [] }) => {
      if (!isCurrent) return;
      const known = new Map(nodes.map((node) => [node.id, node]));
      setPlaced(
        children.map(({ id, x = 0, y = 0 }) => ({
          id,
          position: { x, y },
          data: { label: known.get(id)?.label },
          ...SIZE,
          style: { borderColor: colorOf(known.get(id)?.tone ?? 'idle'), borderWidth: 2, cursor: canOpen ? 'pointer' : 'default' },
          sourcePosition: (direction === 'RIGHT' ? 'right' : 'bottom') as Node['sourcePosition'],
          targetPosition: (direction === 'RIGHT' ? 'left' : 'top') as Node['targetPosition'],
        })),
      );
    });
    return () => void (isCurrent = false);
  }, [nodes, edges, direction, canOpen]);
  const lines: Edge[] = edges.map(({ from, to, label: text }, index) => ({
    id: String(index),
    source: from,
    target: to,
    label: text,
    markerEnd: { type: MarkerType.ArrowClosed },
  }));
  return (
    <div style={{ height }} role="group" aria-label={label}>
      {placed.length === 0 ? null : (
        <ReactFlow
          // It fits only what it begins with.
          key={JSON.stringify(placed.map(({ id, position }) => [id, position]))}
          nodes={placed}
          edges={lines}
          colorMode={scheme}
          fitView
          fitViewOptions={{ padding: 0.08, maxZoom: 1.2 }}
          minZoom={0.1}
          nodesDraggable={false}
          nodesConnectable={false}
          onNodeClick={(_event, { id }) => onOpen?.(id)}
          onKeyDown={({ key, target }) => {
            const id = (target as HTMLElement).dataset.id;
            if (key === 'Enter' && id) onOpen?.(id);
          }}
        >
          <Background />
          <Controls showInteractive={false} />
        </ReactFlow>
      )}
    </div>
  );
}
