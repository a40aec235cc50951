/** Every event of a thing, and every refused attempt: who, what, when, why, and the values before and after. */
import { Badge, Button, Group, Paper, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { Time } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { Value } from '../../parts/value';
import { auditWords } from '../../words/audit';
import { shellWords } from '../../words/shell';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';

type Entry = Schemas['AuditEntry'];
const PAGE = 50;
/** More changes than this are folded in. */
const FEW = 6;

export function Timeline({ stream }: Readonly<{ stream: string }>) {
  const words = useWords(auditWords);
  const shell = useWords(shellWords);
  const [after, setAfter] = useState<string>();
  const read = useRead('/audit/history', { query: { entity: stream, limit: PAGE, after } });
  const next = read.data?.data.nextCursor;
  return (
    <Stack gap="sm">
      <Shown of={read}>
        {({ items }) => (items.length === 0 ? <Text>{words.noHistory}</Text> : items.map((entry) => <Card key={entry.id} {...entry} />))}
      </Shown>
      {after !== undefined || next ? (
        <Group>
          {after !== undefined ? (
            <Button variant="default" onClick={() => setAfter(undefined)}>
              {shell.previous}
            </Button>
          ) : null}
          {next ? <Button onClick={() => setAfter(next)}>{shell.next}</Button> : null}
        </Group>
      ) : null}
    </Stack>
  );
}

function Card(entry: Entry) {
  const words = useWords(auditWords);
  const terms = useWords(termWords);
  const { kind, type, command, actor, role, device, occurredAt, recordedAt, clock, reason, facility, changes, data, revision } = entry;
  return (
    <Paper
      withBorder
      p="sm"
      data-kind={kind}
      data-type={type}
      style={kind === 'refusal' ? { borderColor: 'var(--plantlog-bad)' } : undefined}
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
