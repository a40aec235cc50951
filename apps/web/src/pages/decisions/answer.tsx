/** Who takes a decision, and the answer. */
import { Button, Group, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { send } from '../../client/command';
import { Act } from '../../parts/act';
import { useBounded } from '../../parts/bounded';
import { Decide } from '../../parts/decide';
import { useMay, useMe } from '../../parts/me';
import { decisionsWords } from '../../words/decisions';
import { useWords } from '../../words/words';

type Decision = Schemas['DecisionQueueEntry'];

export function Assignment({ decisionId, kind, assignee }: Decision) {
  const words = useWords(decisionsWords);
  const may = useMay();
  const { actor } = useMe();
  const [person, setPerson] = useState('');
  const bounded = useBounded();
  const assign = (to: string) =>
    send('/decision/assign-decision', { decisionId, assignee: to }, words.assigning(kind, to)).then(() => setPerson(''));
  return (
    <Group mt="xs" align="flex-end">
      <Text data-testid="assignee">
        <Text span c="dimmed">
          {words.assignee}:
        </Text>{' '}
        {assignee ?? words.nobody}
      </Text>
      {may('post /decision/assign-decision') ? (
        <>
          {assignee === actor ? null : (
            <Act does={() => assign(actor)}>
              {(run, isBusy) => (
                <Button variant="default" loading={isBusy} onClick={run}>
                  {words.toMe}
                </Button>
              )}
            </Act>
          )}
          <TextInput
            aria-label={words.assignTo}
            placeholder={words.assignTo}
            value={person}
            {...bounded(64, person)}
            onChange={({ currentTarget }) => setPerson(currentTarget.value)}
          />
          <Act does={() => assign(person.trim())}>
            {(run, isBusy) => (
              <Button variant="default" loading={isBusy} disabled={!person.trim()} onClick={run}>
                {words.assign}
              </Button>
            )}
          </Act>
        </>
      ) : null}
    </Group>
  );
}

export function Answer({ decisionId, kind, about, options }: Decision) {
  const words = useWords(decisionsWords);
  const may = useMay();
  const [option, setOption] = useState('');
  const mayDecide = may('post /decision/make-decision');
  return (
    <Stack mt="md" gap="sm">
      <Radio.Group label={mayDecide ? words.choose : words.options} value={option} onChange={setOption}>
        <Stack gap="xs" mt="xs">
          {options.map(({ option: name, effect }) => (
            <Radio
              key={name}
              value={name}
              disabled={!mayDecide}
              size="md"
              label={<b>{name}</b>}
              description={
                <Text span size="sm" c="dimmed">
                  {words.effect}: {effect}
                </Text>
              }
            />
          ))}
        </Stack>
      </Radio.Group>
      <Group className="no-print">
        {mayDecide ? (
          <Decide
            label={words.decide}
            variant="filled"
            isDisabled={option === ''}
            title={words.deciding(kind, option, about)}
            about={words.chosen(option)}
            does={(reason) => send('/decision/make-decision', { decisionId, option, reason }, words.deciding(kind, option, about))}
          />
        ) : null}
        {may('post /decision/withdraw-decision') ? (
          <Decide
            label={words.withdraw}
            title={words.withdrawing(kind, about)}
            about={words.withdrawAbout}
            does={(reason) => send('/decision/withdraw-decision', { decisionId, reason }, words.withdrawing(kind, about))}
          />
        ) : null}
      </Group>
    </Stack>
  );
}
