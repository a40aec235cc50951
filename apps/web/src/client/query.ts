/**
 * Reads. Hides: TanStack Query and when to ask again. Promises: the answer is one to this question, never to another; what was last known stays while
 * there is no newer answer; a change is shown as soon as its list has it; silence is followed by another question, for ever. Does not: show freshness
 * (shell/freshness.tsx does, for all reads at once), or what to see meanwhile (parts/shown.tsx).
 */
import { QueryClient, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { get, Refused, type Answer, type Body, type GetPath, type Place, type Question } from './api';
import { isFollowed, watch } from './live';
import { firstPages } from './pages';

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
  /**
   * Milliseconds between two reads. What is read less often than usual does not count for the freshness of the page. False: only when somebody asks
   * for it, as the api records who reads.
   */
  every?: number | false;
}>;

/** What is read when somebody asks for it, and at no other time. */
const ON_DEMAND = { staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false, refetchOnReconnect: false };

/** One read of the api, kept current for as long as the component is shown. */
export const useRead = <Path extends GetPath>(path: Path, asked: Asked<Path> = {}): UseQueryResult<Answer<Body<Path>>, Error> =>
  useAnswer(path, asked, (signal) => get(path, { query: asked.query, place: asked.place as object | undefined, signal }));

type ListPath = { [Path in GetPath]: Body<Path> extends { items: unknown[]; nextCursor: string | null } ? Path : never }[GetPath];
/** A list of which more can be read. */
type Listed<Data> = UseQueryResult<Answer<Data>, Error> & Readonly<{ more: () => Promise<unknown> }>;

/** How many pages of each list are shown. */
const pagesOf = new Map<string, number>();

/** The first page of a list, and as many more as somebody asks for, kept current. */
export function useRows<Path extends ListPath>(path: Path, asked: Asked<Path> = {}): Listed<Body<Path>> {
  const name = JSON.stringify(keyOf(path, asked));
  const read = useAnswer<Path>(
    path,
    asked,
    (signal) =>
      firstPages(
        pagesOf.get(name) ?? 1,
        (after) => get(path, { query: { ...asked.query, ...(after && { after }) }, signal }) as never,
      ) as never,
  );
  const more = () => {
    pagesOf.set(name, (pagesOf.get(name) ?? 1) + 1);
    return read.refetch();
  };
  return { ...read, more };
}

const keyOf = <Path extends GetPath>(path: Path, { query, place }: Asked<Path>) => [path, query ?? {}, place ?? {}];

function useAnswer<Path extends GetPath>(
  path: Path,
  asked: Asked<Path>,
  ask: (signal: AbortSignal) => Promise<Answer<Body<Path>>>,
): UseQueryResult<Answer<Body<Path>>, Error> {
  const { enabled = true, every = HEARTBEAT } = asked;
  const key = keyOf(path, asked);
  useLive(path, key, enabled && every !== false);
  return useQuery<Answer<Body<Path>>, Error>({
    queryKey: key,
    queryFn: ({ signal }) => ask(signal),
    enabled,
    refetchInterval: ({ state }) => (isFinal(state.error) ? false : every),
    ...(every === false && ON_DEMAND),
    meta: { isDated: every !== false && every <= HEARTBEAT, isOnDemand: every === false, isFollowed: isFollowed(path) },
  });
}

/** Reads again whatever a command may have changed. */
export const readAgain = (): Promise<void> => queryClient.invalidateQueries({ predicate: ({ meta }) => meta?.isOnDemand !== true });

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
