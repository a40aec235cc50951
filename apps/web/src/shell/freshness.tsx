/** How old what this page shows is: of all reads of the page the oldest, as the api dated it. */
import { Group, Text } from '@mantine/core';
import { useQuery, useQueryClient, type QueryCache } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Answer } from '../client/api';
import { serverNow } from '../session/clock';
import { isLive } from '../client/live';
import { readiness } from '../client/readiness';
import { Mark } from '../parts/mark';
import { usePlant, usePlants, useTexts } from '../parts/plants';
import { useStore } from '../session/store';
import { healthWords } from '../words/health';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

/** Without an answer for so long, what is shown is old. */
const OLD_MS = 25_000;

type Age = Readonly<{ asOf: number; position?: string; behind: boolean; failing: boolean; followed: boolean }>;

function freshnessOf(cache: QueryCache): Age | undefined {
  let all: Age | undefined;
  for (const query of cache.getAll()) {
    const answer = query.state.data as Answer<unknown> | undefined;
    if (!query.isActive() || !answer || !query.meta?.isDated) continue;
    const failing = query.state.fetchFailureCount > 0 || query.state.status === 'error';
    const older = all === undefined || answer.asOf < all.asOf;
    all = {
      asOf: older ? answer.asOf : all!.asOf,
      position:
        answer.position !== undefined && (all?.position === undefined || BigInt(answer.position) < BigInt(all.position))
          ? answer.position
          : all?.position,
      behind: answer.behind || (all?.behind ?? false),
      failing: failing || (all?.failing ?? false),
      followed: query.meta.isFollowed === true && (all?.followed ?? true),
    };
  }
  return all;
}

function useFreshness(): Age | undefined {
  const cache = useQueryClient().getQueryCache();
  const [text, setText] = useState('');
  useEffect(() => {
    const note = () => setText(JSON.stringify(freshnessOf(cache) ?? null));
    note();
    return cache.subscribe(() => queueMicrotask(note));
  }, [cache]);
  return text === '' || text === 'null' ? undefined : (JSON.parse(text) as Age);
}

const everySecond = (listener: () => void) => {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
};

const EVERY = 5_000;

/** The parts of the system that do not answer: an api that has lost one answers from the others, so that its lists look new. */
function PartsAway() {
  const words = useWords(shellWords);
  const names = useWords(healthWords) as unknown as Record<string, string>;
  const standing = useQuery({ queryKey: ['standing'], queryFn: ({ signal }) => readiness(signal), refetchInterval: EVERY });
  const down = Object.entries(standing.data?.data.parts ?? {}).flatMap(([part, state]) => (state === 'down' ? part : []));
  if (down.length === 0) return null;
  return (
    <Text size="sm" fw={600} c="var(--plantlog-bad)" role="status" data-testid="parts-away">
      {words.partsAway(down.map((part) => names[part] ?? part).join(', '))}
    </Text>
  );
}

export function FreshnessLine() {
  return (
    <>
      <PartsAway />
      <Freshness />
    </>
  );
}

function Freshness() {
  const words = useWords(shellWords);
  const connected = useStore(isLive);
  const now = useSyncExternalStore(everySecond, () => Math.floor(serverNow() / 1_000) * 1_000);
  const plant = usePlants().get(usePlant() ?? '');
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const texts = useTexts(plant?.timeZone ?? own);
  const fresh = useFreshness();
  if (!fresh) return null;
  // Where one part of the page is asked from time to time only, the page is as old as that.
  const live = connected && fresh.followed;
  const age = Math.max(0, Math.round((now - fresh.asOf) / 1_000));
  const time = `${texts.seconds(fresh.asOf)} ${texts.zone(fresh.asOf)}`;
  const old = now - fresh.asOf > OLD_MS || (fresh.failing && now - fresh.asOf > 3_000);
  const state = old ? 'old' : fresh.behind ? 'behind' : 'fresh';
  return (
    <Group gap="sm" data-testid="freshness" data-state={state} wrap="wrap">
      {state === 'fresh' ? (
        <Text size="sm" c="dimmed">
          {words.asOf(time)}
        </Text>
      ) : (
        <Text size="sm" fw={600} c="var(--plantlog-bad)" role="status">
          {state === 'old' ? words.old(time) : `${words.behind} ${words.asOf(time)}`}
        </Text>
      )}
      {fresh.position === undefined ? null : (
        <Text size="sm" c="dimmed">
          {words.position(fresh.position)}
        </Text>
      )}
      <span data-testid="live" data-live={live}>
        <Mark tone={live ? 'good' : 'idle'}>{live ? words.live : words.polled(age)}</Mark>
      </span>
    </Group>
  );
}
