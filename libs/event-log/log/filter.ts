import type { Frame } from './frame';
import { BadPattern, compilePattern } from './pattern';

/** Which events a filtered read or subscription delivers. */
export type FilterSpec = Readonly<{ on: 'stream' | 'type'; expression: Readonly<{ regex: string; prefixes: readonly string[] }> }>;

/** Limits the cost: each event is compared with each prefix. */
const MAX_PREFIXES = 1000;

/** Compiles a filter to a test of one event; throws `BadPattern` for a regex that cannot be matched in bounded time. */
export function compileFilter({ on, expression }: FilterSpec): (frame: Frame) => boolean {
  const prefixes = expression.prefixes.filter((prefix) => prefix !== '');
  if (prefixes.length > MAX_PREFIXES) throw new BadPattern(`A filter takes at most ${MAX_PREFIXES} prefixes.`);
  if (prefixes.length > 0) {
    return (frame) => {
      const value = on === 'stream' ? frame.stream : frame.type;
      return prefixes.some((prefix) => value.startsWith(prefix));
    };
  }
  if (expression.regex === '') return () => true;
  const matches = compilePattern(expression.regex);
  return (frame) => matches(on === 'stream' ? frame.stream : frame.type);
}

/** Streams of the node's own bookkeeping that a filtered reader never sees. */
export const isBookkeeping = (stream: string) => stream.startsWith('$persistentsubscription-$all::');
