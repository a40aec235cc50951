/** One instance of a process: where it stands, what it waits for, what it did; and what an operator can decide about it. */
import { Alert, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import type { Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { Facts } from '../../parts/facts';
import { links } from '../../parts/links';
import { Time } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { processesWords } from '../../words/processes';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import { Actions, PendingActions } from './actions';
import { ProcessDiagram } from './diagram';
import { lookOf } from './look';
import { InstanceMark } from './state';

export default function Instance() {
  const words = useWords(processesWords);
  const { process, instanceId } = useParams({ strict: false }) as { process: string; instanceId: string };
  const read = useRead('/processes/instance', { query: { process, instanceId }, every: 5_000 });
  return (
    <Stack>
      <Group gap="xs">
        <Link to={links.processes()}>{words.title}</Link>
        <span aria-hidden>/</span>
        <Title order={1} size="h3">
          {instanceId}
        </Title>
        <Text c="dimmed">{process}</Text>
      </Group>
      <Shown of={read}>
        {(instance) => (
          <>
            <Look instance={instance} />
            <ProcessDiagram process={process} now={instance.status} />
            <History instance={instance} />
          </>
        )}
      </Shown>
    </Stack>
  );
}

function Look({ instance }: Readonly<{ instance: Schemas['ProcessInstance'] }>) {
  const words = useWords(processesWords);
  const { facilityId, status, version, state } = instance;
  const { now, parked, pending, timers, waiting } = lookOf(instance);
  return (
    <Paper withBorder p="md">
      <Stack>
        <Facts
          of={[
            [words.state, <InstanceMark of={now} />],
            [words.status, status],
            [words.version, version],
            [
              words.timers,
              timers.length > 0
                ? timers.map(({ timer, dueAt }) => (
                    <div key={timer}>
                      {timer}: <Time at={dueAt} plant={facilityId} />
                    </div>
                  ))
                : null,
            ],
            [words.inputsWaiting, waiting.length > 0 ? waiting.map(({ type }) => type).join(', ') : null],
          ]}
        />
        {parked ? (
          <Alert color="red" title={words.parkedOn(parked.on.type)} role="alert">
            <Text className="value">{parked.error}</Text>
            <Text size="sm" c="dimmed">
              {words.attempts(parked.attempts.length)}
            </Text>
          </Alert>
        ) : null}
        <Actions instance={instance} />
        <PendingActions instance={instance} actions={pending} />
        <details className="value">
          <summary>{words.lastState}</summary>
          <pre>{JSON.stringify(state, null, 2)}</pre>
        </details>
      </Stack>
    </Paper>
  );
}

function History({ instance }: Readonly<{ instance: Schemas['ProcessInstance'] }>) {
  const words = useWords(processesWords);
  const terms = useWords(termWords);
  const { timeline } = lookOf(instance);
  return (
    <section aria-labelledby="history">
      <Title order={2} size="h4" id="history">
        {words.history}
      </Title>
      <Rows label={words.history} heads={[words.when, words.what, words.who]}>
        {[...timeline].reverse().map(({ revision, label, recordedAt, actor, role, reason }) => (
          <Table.Tr key={revision} data-revision={revision}>
            <Table.Td>
              <Time at={recordedAt} plant={instance.facilityId} />
            </Table.Td>
            <Table.Td>
              {label} {reason ? `“${reason}”` : null}
            </Table.Td>
            <Table.Td>{role === 'process' || !role ? null : `${actor} (${termOf(terms, role)})`}</Table.Td>
          </Table.Tr>
        ))}
      </Rows>
    </section>
  );
}
