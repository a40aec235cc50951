/** The queue of a machine: what is under way, what can start, and what blocks the rest. */
import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { Schemas } from '../../client/api';
import { send } from '../../client/command';
import { useRows } from '../../client/query';
import { Act } from '../../parts/act';
import { History } from '../../parts/history';
import { MachineChoice, OfKnownMachine } from '../../parts/machine-choice';
import { links } from '../../parts/links';
import { useMay } from '../../parts/me';
import { Time, usePlantFilter } from '../../parts/plants';
import { Mark } from '../../parts/mark';
import { ShownList } from '../../parts/shown';
import { dispatchWords } from '../../words/dispatch';
import { useWords } from '../../words/words';

export default function Dispatch() {
  const words = useWords(dispatchWords);
  const { equipmentId } = useParams({ strict: false }) as { equipmentId?: string };
  const navigate = useNavigate();
  const plant = usePlantFilter();
  const entries = useRows('/dispatch-list', { query: { ...(equipmentId ? { equipmentId: [equipmentId] } : plant), first: 200 } });
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <MachineChoice
          label={words.machine}
          none={words.allMachines}
          equipmentId={equipmentId}
          onChoose={(chosen) => void navigate({ to: links.dispatch(chosen) })}
        />
      </Group>
      <OfKnownMachine equipmentId={equipmentId}>
        <ShownList of={entries} empty={words.none}>
          {(rows) => rows.map((entry) => <Entry key={entry.entryId} {...entry} />)}
        </ShownList>
      </OfKnownMachine>
    </Stack>
  );
}

function Entry(entry: Schemas['DispatchEntry']) {
  const words = useWords(dispatchWords);
  const { workOrderId, operationId, name, facilityId, started, ready, equipmentId, unit } = entry;
  const [tone, text] = started
    ? (['good', words.underWay] as const)
    : ready
      ? (['move', words.ready] as const)
      : (['wait', words.blocked] as const);
  return (
    <Paper withBorder p="sm" data-entry={entry.entryId}>
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Text fw={650}>
              {operationId} {name}
            </Text>
            <Mark tone={tone}>{text}</Mark>
          </Group>
          <Group gap="md">
            <Link to={links.workOrder(workOrderId)}>{workOrderId}</Link>
            <Text size="sm">{entry.product}</Text>
            <Text size="sm">{words.good(entry.good, entry.quantity, unit)}</Text>
            <Text size="sm" c="dimmed">
              {words.passedOn(entry.passedOn, unit)}
            </Text>
            <Text size="sm" c="dimmed">
              {equipmentId ?? words.noMachine}
            </Text>
            {entry.plannedStart ? (
              <Text size="sm" c="dimmed">
                {words.plannedStart} <Time at={entry.plannedStart} plant={facilityId} />
              </Text>
            ) : null}
            <History of={`work-order-${workOrderId}`} />
          </Group>
          {[...entry.blockers, ...entry.orderBlockers].map((text) => (
            <Text key={text} size="sm" c="var(--plantlog-wait)">
              {text}
            </Text>
          ))}
        </div>
        <Actions {...entry} />
      </Group>
    </Paper>
  );
}

function Actions({ workOrderId, operationId, name, started, ready, equipmentId }: Schemas['DispatchEntry']) {
  const words = useWords(dispatchWords);
  const may = useMay();
  if (started && may('post /work-order/complete-operation'))
    return (
      <Act does={() => send('/work-order/complete-operation', { workOrderId, operationId }, words.completing(name, workOrderId))}>
        {(run, isBusy) => (
          <Button size="lg" variant="default" loading={isBusy} onClick={run}>
            {words.complete}
          </Button>
        )}
      </Act>
    );
  if (!started && ready && equipmentId && may('post /work-order/start-operation'))
    return (
      <Act does={() => send('/work-order/start-operation', { workOrderId, operationId, equipmentId }, words.starting(name, workOrderId))}>
        {(run, isBusy) => (
          <Button size="lg" loading={isBusy} onClick={run}>
            {words.start}
          </Button>
        )}
      </Act>
    );
  return null;
}
