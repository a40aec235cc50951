import { requestsIn } from './command-series';

test.each([
  [1, 1],
  [10, 1],
  [11, 2],
  [1_000, 100],
])('a series of %d commands counts as %d requests of its caller', (commands, requests) => expect(requestsIn(commands)).toBe(requests));
