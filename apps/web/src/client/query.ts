/**
 * Reads. Hides: TanStack Query and when to ask again. Promises: what was last known stays visible while there is no answer; a change is shown as soon
 * as its list has it; silence is followed by another question, for ever. Does not: show freshness (shell/freshness.tsx does, for all reads at once).
 */
import { keepPreviousData, QueryClient, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { get, Refused, type Answer, type Body, type GetPath, type Place, type Question } from './api';
import { watch } from './live';

/** How often a list is read even if nothing is said to have changed. */
const HEARTBEAT = 10_000;
/** Changes within this time cause one read. */
const TOGETHER = 120;
const LATER = 300;
const TRIALS = 10;

const isFinal = (error: unknown): boolean => error instanceof Refused && !error.isPassing;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (_failures, error) => !isFinal(error),
      retryDelay: (failures) => Math.min(500 * 2 ** failures, 5_000),
      staleTime: 1_000,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: true,
      // The network of a plant may be up without the internet.
      networkMode: 'always',
    },
  },
});

type Asked<Path extends GetPath> = Readonly<{
  query?: Question<Path>;
  place?: Place<Path>;
  enabled?: boolean;
  /** Milliseconds between two reads. What is read less often than usual does not count for the freshness of the page. */
  every?: number | false;
}>;

/** One read of the api, kept current for as long as the component is shown. */
export function useRead<Path extends GetPath>(path: Path, asked: Asked<Path> = {}): UseQueryResult<Answer<Body<Path>>, Error> {
  const { query, place, enabled = true, every = HEARTBEAT } = asked;
  const key = [path, query ?? {}, place ?? {}];
  useLive(path, key, enabled);
  return useQuery<Answer<Body<Path>>, Error>({
    queryKey: key,
    queryFn: ({ signal }) => get(path, { query, place: place as object | undefined, signal }),
    enabled,
    refetchInterval: ({ state }) => (isFinal(state.error) ? false : every),
    placeholderData: keepPreviousData,
    meta: { isDated: every !== false && every <= HEARTBEAT },
  });
}

/** Reads again what is said to have changed, until the answer reflects that change. */
function useLive(path: GetPath, key: readonly unknown[], enabled: boolean): void {
  const client = useQueryClient();
  const name = JSON.stringify(key);
  useEffect(() => {
    if (!enabled) return;
    const queryKey = JSON.parse(name) as unknown[];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wanted = 0n;
    const read = async (trial: number) => {
      timer = undefined;
      await client.invalidateQueries({ queryKey, exact: true });
      const { position } = client.getQueryData<Answer<unknown>>(queryKey) ?? {};
      const missing = position !== undefined && BigInt(position) < wanted;
      if (missing && trial < TRIALS && timer === undefined) timer = setTimeout(() => void read(trial + 1), LATER);
    };
    const stop = watch(path, (position) => {
      if (position !== undefined && BigInt(position) > wanted) wanted = BigInt(position);
      timer ??= setTimeout(() => void read(0), TOGETHER);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client, path, name, enabled]);
}
