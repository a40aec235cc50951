/** An edge as the trace reads it. */
type Edge = Readonly<{ edgeId: string; parentId: string; childId: string; occurredAt: string }>;

/**
 * The edges of a trace, nearest first: each once, with the fewest steps from where it began, so that cycles end and a lot that is
 * reached by many paths is listed once.
 */
export function stepsFrom<E extends Edge>(
  start: string,
  edges: readonly E[],
  direction: 'FORWARD' | 'BACKWARD',
): { depth: number; edge: E }[] {
  const [from, to] = direction === 'FORWARD' ? (['parentId', 'childId'] as const) : (['childId', 'parentId'] as const);
  const leaving = new Map<string, E[]>();
  for (const edge of edges) {
    const list = leaving.get(edge[from]);
    if (list) list.push(edge);
    else leaving.set(edge[from], [edge]);
  }
  const steps: { depth: number; edge: E }[] = [];
  const seen = new Set([start]);
  for (let depth = 1, front = [start]; front.length > 0; depth += 1) {
    const next: string[] = [];
    const level = front.flatMap((node) => leaving.get(node) ?? []);
    level.sort((a, b) => (a.occurredAt === b.occurredAt ? (a.edgeId < b.edgeId ? -1 : 1) : a.occurredAt < b.occurredAt ? -1 : 1));
    for (const edge of level) {
      steps.push({ depth, edge });
      if (!seen.has(edge[to])) {
        seen.add(edge[to]);
        next.push(edge[to]);
      }
    }
    front = next;
  }
  return steps;
}
