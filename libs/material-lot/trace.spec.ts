import { stepsFrom } from './trace';

const edge = (parentId: string, childId: string) => ({
  edgeId: `${parentId}>${childId}`,
  parentId,
  childId,
  occurredAt: '2026-01-05T08:00:00.000Z',
});
const told = (start: string, edges: ReturnType<typeof edge>[], direction: 'FORWARD' | 'BACKWARD' = 'FORWARD') =>
  stepsFrom(start, edges, direction).map(({ depth, edge: { edgeId } }) => `${depth} ${edgeId}`);

describe('a trace', () => {
  const diamond = [edge('a', 'b'), edge('a', 'c'), edge('b', 'd'), edge('c', 'd'), edge('d', 'e')];
  test('lists every step once, with its distance', () => {
    expect(told('a', diamond)).toEqual(['1 a>b', '1 a>c', '2 b>d', '2 c>d', '3 d>e']);
    expect(told('e', diamond, 'BACKWARD')).toEqual(['1 d>e', '2 b>d', '2 c>d', '3 a>b', '3 a>c']);
  });
  test('ends if rework makes a cycle', () => {
    expect(told('a', [edge('a', 'b'), edge('b', 'a'), edge('b', 'c')])).toEqual(['1 a>b', '2 b>a', '2 b>c']);
  });
  test('has no depth limit', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => edge(`n${i}`, `n${i + 1}`));
    expect(told('n0', chain).at(-1)).toBe('20000 n19999>n20000');
  });
});
