/** The facts behind the figures of one machine, and the events behind each fact. */
import { Badge, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { useRead } from '../../client/query';
import { links } from '../../parts/links';
import { lengthOf, Time } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { Shown } from '../../parts/shown';
import { kpisWords } from '../../words/kpis';
import { shellWords } from '../../words/shell';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import type { Asked } from './question';
import type { PARTS } from './sums';

type Fact = Schemas['EvidenceEntry'];
const KINDS = ['State', 'Stop', 'Report', 'Assignment'] as const;

export function Evidence({ asked: { equipmentId, ...asked } }: Readonly<{ asked: Asked }>) {
  const words = useWords(kpisWords);
  return (
    <section aria-labelledby="evidence">
      <Title order={2} size="h4" id="evidence" mb="xs">
        {equipmentId ? words.evidenceOf(equipmentId) : words.evidence}
      </Title>
      {equipmentId ? <Facts asked={{ ...asked, equipmentId }} /> : <Text c="dimmed">{words.chooseMachine}</Text>}
    </section>
  );
}

function Facts({ asked }: Readonly<{ asked: Asked & { equipmentId: string } }>) {
  const words = useWords(kpisWords);
  const shell = useWords(shellWords);
  const [kind, setKind] = useState<(typeof KINDS)[number]>('State');
  const facts = useRead('/kpi/evidence', { query: { ...asked, kind } });
  return (
    <Stack gap="xs">
      <SegmentedControl
        transitionDuration={0}
        aria-label={words.evidence}
        value={kind}
        onChange={(value) => setKind(value as typeof kind)}
        data={KINDS.map((value) => ({ value, label: words[value] }))}
        style={{ alignSelf: 'flex-start' }}
      />
      <Shown of={facts}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Text c="dimmed">{words.noEvidence}</Text>
          ) : (
            <>
              <Rows label={words.evidence} heads={[words.from, words.to, words.what, words.countsFor, words.event]}>
                {items.map((fact) => (
                  <FactRow key={`${fact.kind} ${fact.rowId}`} plant={asked.facilityId} fact={fact} />
                ))}
              </Rows>
              {nextCursor ? (
                <Text size="sm" c="dimmed">
                  {shell.more(items.length)}
                </Text>
              ) : null}
            </>
          )
        }
      </Shown>
    </Stack>
  );
}

function FactRow({ plant, fact }: Readonly<{ plant: string; fact: Fact }>) {
  const words = useWords(kpisWords);
  const { from, to, parts, counts, restates, events, good, scrap, unit } = fact;
  return (
    <Table.Tr data-fact={fact.rowId}>
      <Table.Td>
        <Time at={from} plant={plant} />
      </Table.Td>
      <Table.Td>{to ? <Time at={to} plant={plant} /> : words.still}</Table.Td>
      <Table.Td>
        <What {...fact} />
        {restates ? (
          <Badge color="orange" variant="outline">
            {words.late}
          </Badge>
        ) : null}
        {counts ? null : (
          <Text size="sm" c="var(--plantlog-wait)">
            {words.replaced}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {parts.map(({ element, seconds }) => (
          <Text key={element} size="sm">
            {words[element as (typeof PARTS)[number]] ?? element} {lengthOf(seconds * 1_000)}
          </Text>
        ))}
        {good === null ? null : (
          <Text size="sm">
            {good} {unit} {words.good}
            {scrap && scrap !== '0' ? `, ${scrap} ${words.scrap}` : ''}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {events.map((event) => (
          <Cause key={event.eventId} {...event} />
        ))}
      </Table.Td>
    </Table.Tr>
  );
}

function What({ kind, state, stopId, cause, reasonCode, lossClass, workOrderId, operationId, reportId, correctionReason }: Fact) {
  const terms = useWords(termWords);
  if (kind === 'State') return <Text fw={600}>{termOf(terms, state)}</Text>;
  if (kind === 'Stop')
    return (
      <Text>
        {stopId} {termOf(terms, cause)} {[reasonCode, lossClass && termOf(terms, lossClass)].filter(Boolean).join(' · ')}
      </Text>
    );
  return (
    <Text>
      {workOrderId ? <Link to={links.workOrder(workOrderId)}>{workOrderId}</Link> : null} {operationId} {reportId}{' '}
      {correctionReason ? `“${correctionReason}”` : null}
    </Text>
  );
}

function Cause({ event, entity, actor, reason, eventId }: Schemas['EvidenceEvent']) {
  if (event === null)
    return (
      <Text size="sm" c="dimmed">
        {eventId}
      </Text>
    );
  return (
    <Text size="sm">
      {entity ? <Link to={links.history(entity)}>{event}</Link> : event} {actor} {reason ? `“${reason}”` : null}
    </Text>
  );
}
