/** Where an auditor begins: find a thing, or look at what happened and what was refused last. */
import { Button, Group, NativeSelect, Paper, Stack, Table, Tabs, Text, TextInput, Title } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useRows } from '../../client/query';
import { useBounded } from '../../parts/bounded';
import { links } from '../../parts/links';
import { Time, usePlantFilter } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { ShownList } from '../../parts/shown';
import { auditWords } from '../../words/audit';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';

/** Categories of streams that people look for; the first part of a stream's name. */
const KINDS = [
  'equipment',
  'work-order',
  'production-order',
  'customer-order',
  'material-lot',
  'decision',
  'facility',
  'facility-capacity',
  'allocation-plan',
  'inter-facility-transfer',
  'inbound-transfer',
  'shift-calendar',
  'work-master',
  'master-data',
  'transport-lane',
];

export default function Audit() {
  const words = useWords(auditWords);
  const navigate = useNavigate();
  const [kind, setKind] = useState(KINDS[0]!);
  const [id, setId] = useState('');
  const bounded = useBounded();
  return (
    <Stack>
      <div>
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <Text c="dimmed">{words.about}</Text>
      </div>
      <Paper
        withBorder
        p="md"
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (id.trim()) void navigate({ to: links.history(`${kind}-${id.trim()}`) });
        }}
      >
        <Group align="flex-end">
          <NativeSelect label={words.kind} value={kind} data={KINDS} onChange={({ currentTarget }) => setKind(currentTarget.value)} />
          <TextInput
            label={words.id}
            placeholder={words.idHint}
            value={id}
            {...bounded(150, id)}
            onChange={({ currentTarget }) => setId(currentTarget.value)}
          />
          <Button type="submit" disabled={!id.trim()}>
            {words.open}
          </Button>
        </Group>
      </Paper>
      <Tabs defaultValue="refusals" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="refusals">{words.refusals}</Tabs.Tab>
          <Tabs.Tab value="latest">{words.latest}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="refusals" pt="sm">
          <Refusals />
        </Tabs.Panel>
        <Tabs.Panel value="latest" pt="sm">
          <Latest />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Refusals() {
  const words = useWords(auditWords);
  const terms = useWords(termWords);
  const refused = useRows('/audit/commands', {
    query: { ...usePlantFilter(), outcome: ['Refused'], sort: 'positionDescending', first: 100 },
  });
  return (
    <ShownList of={refused} empty={words.noRefusals}>
      {(rows) => (
        <Rows label={words.refusals} heads={[words.when, words.who, words.what, words.thing, words.refusedBecause]}>
          {rows.map(({ entryId, occurredAt, facilityId, actor, role, command, entityType, entityId, message, code, position }) => (
            <Table.Tr key={entryId}>
              <Table.Td>
                <Time at={occurredAt} plant={facilityId} />
              </Table.Td>
              <Table.Td>{words.by(actor, termOf(terms, role))}</Table.Td>
              <Table.Td>{command}</Table.Td>
              <Table.Td>
                <Link to={links.history(`${entityType}-${entityId}`)} search={links.at(position)}>
                  {entityId}
                </Link>
              </Table.Td>
              <Table.Td>
                {message}{' '}
                <Text span size="sm" c="dimmed">
                  {code}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
    </ShownList>
  );
}

function Latest() {
  const words = useWords(auditWords);
  const terms = useWords(termWords);
  const events = useRows('/audit/trail', { query: { ...usePlantFilter(), sort: 'positionDescending', first: 100 } });
  return (
    <ShownList of={events}>
      {(rows) => (
        <Rows label={words.latest} heads={[words.when, words.who, words.what, words.thing, words.why]}>
          {rows.map(({ eventId, occurredAt, facilityId, actor, role, event, stream, reason, position }) => (
            <Table.Tr key={eventId}>
              <Table.Td>
                <Time at={occurredAt} plant={facilityId} />
              </Table.Td>
              <Table.Td>{words.by(actor, termOf(terms, role))}</Table.Td>
              <Table.Td>{event}</Table.Td>
              <Table.Td>
                <Link to={links.history(stream)} search={links.at(position)}>
                  {stream}
                </Link>
              </Table.Td>
              <Table.Td>{reason}</Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
    </ShownList>
  );
}
