/** Whether the system works: its parts, what is parked, and how far each view is behind the log. */
import { Group, Paper, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../client/api';
import { serverNow } from '../../session/clock';
import { useRead } from '../../client/query';
import { readiness } from '../../client/readiness';
import { links } from '../../parts/links';
import { useMay, useMe } from '../../parts/me';
import { Time, usePlantFilter, useTexts } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { colorOf, Shape, type Tone } from '../../parts/state';
import { healthWords } from '../../words/health';
import { useWords } from '../../words/words';
import { countsOf } from './counts';
import { ParkedEvents } from './parked';

type Instance = Schemas['ProcessInstanceRow'];

const EVERY = 5_000;
/** So far behind, a view is marked. */
const LATE_SECONDS = 10;
const TONES: Readonly<Record<string, Tone>> = {
  ready: 'good',
  degraded: 'wait',
  unavailable: 'bad',
  draining: 'wait',
  up: 'good',
  down: 'bad',
};

export default function Health() {
  const words = useWords(healthWords);
  const may = useMay();
  const { facilities } = useMe();
  const seesViews = may('get /views') && facilities.includes('*');
  return (
    <Stack>
      <Title order={1} size="h2">
        {words.title}
      </Title>
      <Parts />
      <Processes />
      {may('get /processes/queues') && facilities.includes('*') ? <JobQueues /> : null}
      {seesViews ? (
        <>
          <ParkedEvents />
          <Views />
        </>
      ) : (
        <Text c="dimmed">{words.onlyAll}</Text>
      )}
    </Stack>
  );
}

function Mark({ of, children }: Readonly<{ of: string; children: string }>) {
  const tone = TONES[of] ?? 'unknown';
  return (
    <Group gap={6} wrap="nowrap" data-status={of}>
      <Shape tone={tone} />
      <Text span fw={600} c={colorOf(tone)}>
        {children}
      </Text>
    </Group>
  );
}

function Parts() {
  const words = useWords(healthWords);
  const texts = useTexts(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const ready = useQuery({
    queryKey: ['readiness'],
    queryFn: ({ signal }) => readiness(signal),
    refetchInterval: EVERY,
    meta: { isDated: true },
  });
  return (
    <Shown of={ready}>
      {({ status, parts, details = {} }) => (
        <Paper withBorder p="md" data-testid="readiness">
          <Mark of={status}>{words[status]}</Mark>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} mt="sm">
            {Object.entries(parts).map(([part, state]) => (
              <div key={part}>
                <Text size="sm" c="dimmed">
                  {((words as Record<string, unknown>)[part] as string) ?? part}
                </Text>
                <Mark of={state}>{words[state]}</Mark>
                {details[part]?.since ? <Text size="sm">{words.sinceTime(texts.moment(details[part].since))}</Text> : null}
                {details[part]?.reason ? <Text size="sm">{details[part].reason}</Text> : null}
              </div>
            ))}
          </SimpleGrid>
        </Paper>
      )}
    </Shown>
  );
}

const MOST = 500;

/** The instances in one state, those with the earliest timer first: each state is asked by itself, so that many of one hide none of another. */
function useInstances(state: Instance['state']) {
  const plant = usePlantFilter();
  return useRead('/processes', { query: { ...plant, state: [state], sort: 'dueAt', first: MOST }, every: EVERY });
}

function Processes() {
  const words = useWords(healthWords);
  const [waiting, acting, parked, paused] = [
    useInstances('Waiting'),
    useInstances('Acting'),
    useInstances('Parked'),
    useInstances('Paused'),
  ];
  const all = [waiting, acting, parked, paused];
  // The first that has no answer says why.
  const first = all.find(({ data }) => data === undefined) ?? waiting;
  return (
    <Shown of={first}>
      {() => {
        const counts = countsOf(
          all.map(({ data }) => data!.data),
          serverNow() - EVERY,
        );
        const [ofWaiting, ofActing, ofParked, ofPaused] = counts.states;
        return (
          <Paper withBorder p="md">
            <Group justify="space-between">
              <Title order={2} size="h4">
                {words.processes}
              </Title>
              <Link to={links.processes()}>{words.openInstances}</Link>
            </Group>
            <Group gap="xl" mt="xs">
              <Text>
                <b>{counts.open}</b> {words.openInstances}
              </Text>
              <Text>
                <b>{ofActing}</b> {words.acting}
              </Text>
              <Text c={ofParked === '0' ? undefined : 'var(--plantlog-bad)'} data-testid="parked-instances">
                <b>{ofParked}</b> {words.parked}
              </Text>
              <Text>
                <b>{ofPaused}</b> {words.paused}
              </Text>
              <Text>
                <b>{ofWaiting}</b> {words.waitingInstances}
              </Text>
              <Text data-testid="timers">
                <b>{counts.timers}</b> {words.timers}
                {counts.next ? (
                  <>
                    , {words.nextTimer} <Time at={counts.next.dueAt} plant={counts.next.facilityId} />
                  </>
                ) : null}
              </Text>
              <Text c={counts.overdue === '0' ? undefined : 'var(--plantlog-bad)'} data-testid="overdue">
                <b>{counts.overdue}</b> {words.overdue}
              </Text>
            </Group>
          </Paper>
        );
      }}
    </Shown>
  );
}

/** Counted by a worker: where none runs, the time of the count tells. */
function JobQueues() {
  const words = useWords(healthWords);
  const texts = useTexts(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const queues = useRead('/processes/queues', { every: EVERY });
  return (
    <Shown of={queues}>
      {({ items }) => {
        if (items.length === 0) return <Text c="dimmed">{words.noQueue}</Text>;
        return items.map(({ queue, backend, waiting, active, delayed, failed, countedAt }) => {
          const old = serverNow() - Date.parse(countedAt) > 1_000 * LATE_SECONDS;
          return (
            <Paper withBorder p="md" key={queue} data-queue={queue}>
              <Title order={2} size="h4">
                {words.queue(queue, backend === 'redis' ? 'Redis' : 'PostgreSQL')}
              </Title>
              <Group gap="xl" mt="xs">
                <Text>
                  <b>{waiting}</b> {words.jobsWaiting}
                </Text>
                <Text>
                  <b>{active}</b> {words.jobsActive}
                </Text>
                <Text>
                  <b>{delayed}</b> {words.jobsDelayed}
                </Text>
                <Text c={failed > 0 ? 'var(--plantlog-bad)' : undefined}>
                  <b>{failed}</b> {words.jobsFailed}
                </Text>
                <Text c={old ? 'var(--plantlog-wait)' : 'dimmed'} size="sm">
                  {words.countedAt(texts.seconds(countedAt))}
                </Text>
              </Group>
            </Paper>
          );
        });
      }}
    </Shown>
  );
}

function Views() {
  const words = useWords(healthWords);
  const views = useRead('/views', { every: EVERY });
  return (
    <section aria-labelledby="views">
      <Title order={2} size="h4" id="views">
        {words.viewsTitle}
      </Title>
      <Shown of={views}>
        {({ items }) => (
          <Rows
            label={words.viewsTitle}
            heads={[words.view, words.lag, words.status, words.events, words.position, words.written]}
            numbers={[3, 4]}
          >
            {[...items]
              .sort((a, b) => (b.seconds ?? Infinity) - (a.seconds ?? Infinity) || a.view.localeCompare(b.view))
              .map((view) => (
                <View key={view.table} {...view} />
              ))}
          </Rows>
        )}
      </Shown>
    </section>
  );
}

function View({ view, table, version, status, seconds, events, position, build, stoppedBecause, updatedAt }: Schemas['ViewTable']) {
  const words = useWords(healthWords);
  const texts = useTexts(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const lag = seconds === null ? words.unknown : seconds < 0.05 ? words.nothing : words.seconds(seconds.toFixed(1));
  const isLate = seconds === null || seconds > LATE_SECONDS;
  return (
    <Table.Tr data-view={view}>
      <Table.Td>
        {view}{' '}
        <Text span size="sm" c="dimmed">
          {table} v{version}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Shape tone={isLate ? 'wait' : 'good'} />
          <Text span size="sm" fw={isLate ? 600 : undefined} c={isLate ? 'var(--plantlog-wait)' : undefined}>
            {lag}
          </Text>
        </Group>
      </Table.Td>
      <Table.Td>
        {stoppedBecause ? (
          <Text size="sm" c="var(--plantlog-bad)">
            {words.stopped}: {stoppedBecause}
          </Text>
        ) : build ? (
          words.building(`${Math.round(build.share * 100)} %`)
        ) : status === 'live' ? (
          words.live
        ) : (
          status
        )}
      </Table.Td>
      <Table.Td ta="right">{events}</Table.Td>
      <Table.Td ta="right">{position}</Table.Td>
      <Table.Td>{updatedAt ? `${texts.seconds(updatedAt)} ${texts.zone(updatedAt)}` : null}</Table.Td>
    </Table.Tr>
  );
}
