/** What an operator can decide about an instance; each decision needs a reason, and is in its history. */
import { Group, Stack, Text } from '@mantine/core';
import type { Schemas } from '../../client/api';
import { send } from '../../client/command';
import { Decide } from '../../parts/decide';
import { useMay } from '../../parts/me';
import { processesWords } from '../../words/processes';
import { useWords } from '../../words/words';
import { lookOf, type PendingAction } from './look';

type Instance = Schemas['ProcessInstance'];

export function Actions({ instance }: Readonly<{ instance: Instance }>) {
  const words = useWords(processesWords);
  const may = useMay();
  const { process, instanceId, paused, over } = instance;
  const { parked, pending } = lookOf(instance);
  const isDone = over && pending.length === 0;
  return (
    <Group className="no-print">
      {parked && may('post /processes/retry-instance') ? (
        <Decide
          label={words.retry}
          variant="filled"
          title={words.retrying(instanceId)}
          does={(reason) => send('/processes/retry-instance', { process, instanceId, reason }, words.retrying(instanceId))}
        />
      ) : null}
      {parked && may('post /processes/skip-input') ? (
        <Decide
          label={words.skip}
          color="red"
          title={words.skipping(instanceId)}
          about={words.skipAbout}
          does={(reason) => send('/processes/skip-input', { process, instanceId, reason }, words.skipping(instanceId))}
        />
      ) : null}
      {!paused && !isDone && may('post /processes/pause-instance') ? (
        <Decide
          label={words.pause}
          title={words.pausing(instanceId)}
          about={words.pauseAbout}
          does={(reason) => send('/processes/pause-instance', { process, instanceId, reason }, words.pausing(instanceId))}
        />
      ) : null}
      {paused && may('post /processes/resume-instance') ? (
        <Decide
          label={words.resume}
          variant="filled"
          title={words.resuming(instanceId)}
          does={(reason) => send('/processes/resume-instance', { process, instanceId, reason }, words.resuming(instanceId))}
        />
      ) : null}
    </Group>
  );
}

export function PendingActions({ instance, actions }: Readonly<{ instance: Instance; actions: readonly PendingAction[] }>) {
  const words = useWords(processesWords);
  const may = useMay();
  const { process, instanceId } = instance;
  if (actions.length === 0) return null;
  const force = (action: PendingAction, accepted: boolean, title: string) => (reason: string) =>
    send('/processes/force-outcome', { process, instanceId, commandId: action.commandId, accepted, reason }, title);
  return (
    <Stack gap="xs">
      <Text fw={600}>{words.pending}</Text>
      {actions.map((action) => (
        <Group key={action.commandId}>
          <Text>{action.type}</Text>
          {may('post /processes/force-outcome') ? (
            <>
              <Decide
                label={words.accept}
                title={words.accepting(action.type)}
                about={words.forceAbout}
                does={force(action, true, words.accepting(action.type))}
              />
              <Decide
                label={words.refuse}
                title={words.refusing(action.type)}
                about={words.forceAbout}
                does={force(action, false, words.refusing(action.type))}
              />
            </>
          ) : null}
        </Group>
      ))}
    </Stack>
  );
}
