/** Every event of a thing, and every refused attempt: who, what, when, why, and the values before and after. */
import { Badge, Button, Group, Paper, Stack, Table, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import type { Answer, Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { Time, useTexts } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { Value } from '../../parts/value';
import { auditWords } from '../../words/audit';
import { shellWords } from '../../words/shell';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import { asked, atEvent, NEWEST, turned, type Place } from './place';

type Entry = Schemas['AuditEntry'];
/** More changes than this are folded in. */
const FEW = 6;

/** The newest entries first; from an event that somebody came for, or from the newest of all. */
export function Timeline({ stream, event }: Readonly<{ stream: string; event?: string }>) {
  const words = useWords(auditWords);
  const [place, setPlace] = useState<Place>(event === undefined ? NEWEST : atEvent(event));
  const read = useRead('/audit/history', { query: { entity: stream, ...asked(place) }, every: false });
  return (
    <Stack gap="sm">
      <ReadAgain of={read} />
      <Shown of={read}>
        {({ items, nextCursor }) => {
          const { shown, older, newer } = turned(place, items, nextCursor);
          return (
            <>
              {shown.length === 0 ? (
                <Text>{words.noHistory}</Text>
              ) : (
                shown.map((entry) => <Card key={entry.id} entry={entry} isChosen={entry.position === event} />)
              )}
              <Group className="no-print">
                {newer ? (
                  <>
                    <Button variant="default" onClick={() => setPlace(NEWEST)}>
                      {words.newest}
                    </Button>
                    <Button variant="default" onClick={() => setPlace(newer)}>
                      {words.newer}
                    </Button>
                  </>
                ) : null}
                {older ? <Button onClick={() => setPlace(older)}>{words.older}</Button> : null}
              </Group>
            </>
          );
        }}
      </Shown>
    </Stack>
  );
}

/** Each read of a history is recorded: so it is read when somebody asks for it. */
export function ReadAgain({ of }: Readonly<{ of: UseQueryResult<Answer<unknown>, Error> }>) {
  const shell = useWords(shellWords);
  const texts = useTexts(Intl.DateTimeFormat().resolvedOptions().timeZone);
  return (
    <Group gap="sm">
      {of.data ? (
        <Text size="sm" c="dimmed" data-testid="read-at">
          {shell.readAt(`${texts.seconds(of.data.asOf)} ${texts.zone(of.data.asOf)}`)}
        </Text>
      ) : null}
      <Button variant="default" className="no-print" loading={of.isFetching} onClick={() => void of.refetch()}>
        {shell.readAgain}
      </Button>
    </Group>
  );
}

function Card({ entry, isChosen }: Readonly<{ entry: Entry; isChosen: boolean }>) {
  const words = useWords(auditWords);
  const terms = useWords(termWords);
  const { kind, type, command, actor, role, device, occurredAt, recordedAt, clock, reason, facility, changes, data, revision } = entry;
  return (
    <Paper
      withBorder
      p="sm"
      data-kind={kind}
      data-type={type}
      data-chosen={isChosen}
      aria-current={isChosen ? 'true' : undefined}
      style={{
        ...(kind === 'refusal' && { borderColor: 'var(--plantlog-bad)' }),
        ...(isChosen && { borderInlineStart: '6px solid var(--plantlog-move)' }),
      }}
    >
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap="xs">
            <Text fw={650}>{type}</Text>
            {kind === 'refusal' ? (
              <Badge color="red" variant="outline">
                {words.refused}
              </Badge>
            ) : null}
            {kind === 'unchanged' ? (
              <Badge color="gray" variant="outline">
                {words.unchanged}
              </Badge>
            ) : null}
          </Group>
          <Text size="sm">
            {command} · {words.by(actor, termOf(terms, role))} {device ? words.device(device) : null}
          </Text>
          {reason ? <Text size="sm">“{reason}”</Text> : null}
        </div>
        <div>
          <Text size="sm">
            {words.when} <Time at={occurredAt} plant={facility} />
          </Text>
          <Text size="sm" c="dimmed">
            {words.recorded} <Time at={recordedAt} plant={facility} />
          </Text>
          <Text size="sm" c="dimmed">
            {words.clock(clock)}
          </Text>
        </div>
      </Group>
      {kind === 'refusal' ? <Text c="var(--plantlog-bad)">{(data as { message?: string }).message}</Text> : null}
      {changes.length > FEW ? (
        <details className="value">
          <summary>{words.changed(changes.length)}</summary>
          <Changes of={changes} />
        </details>
      ) : changes.length > 0 ? (
        <Changes of={changes} />
      ) : null}
      <details className="value">
        <summary>
          {words.whole}{' '}
          <Text span size="sm" c="dimmed">
            {words.revision(revision)}
          </Text>
        </summary>
        <pre>{JSON.stringify(data, null, 2)}</pre>
      </details>
    </Paper>
  );
}

export function Changes({ of }: Readonly<{ of: readonly Schemas['AuditChange'][] }>) {
  const words = useWords(auditWords);
  return (
    <Rows label={words.value} heads={[words.value, words.old, words.new]}>
      {of.map(({ path, old, new: now }) => (
        <Table.Tr key={path}>
          <Table.Td>{path.replace(/^\$\.?/, '')}</Table.Td>
          <Table.Td>
            <Value of={old} />
          </Table.Td>
          <Table.Td>
            <Value of={now} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}
