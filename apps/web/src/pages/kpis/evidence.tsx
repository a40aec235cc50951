/** The facts behind the figures of one machine, and the events behind each fact. */
import { Badge, Button, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../client/api';
import { useRows } from '../../client/query';
import { links } from '../../parts/links';
import { lengthOf, Time } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { ShownList } from '../../parts/shown';
import { kpisWords } from '../../words/kpis';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import { OfReason } from './of-reason';
import type { Asked, Focus, Kind } from './question';
import type { PARTS } from './sums';

type Fact = Schemas['EvidenceEntry'];
const KINDS = ['State', 'Stop', 'Report', 'Assignment'] as const;

type Props = Readonly<{ asked: Asked; focus: Focus; onFocus: (focus: Focus) => void }>;

export function Evidence({ asked, focus, onFocus }: Props) {
  const words = useWords(kpisWords);
  const { equipmentId } = asked;
  const about = [equipmentId, focus.name].filter(Boolean).join(' · ');
  const isOfReason = focus.reasonCode !== undefined || focus.lossClass !== undefined;
  return (
    <section aria-labelledby="evidence">
      <Title order={2} size="h4" id="evidence" mb="xs">
        {about ? words.evidenceOf(about) : words.evidence}
      </Title>
      {focus.name ? (
        <Button variant="default" className="no-print" mb="xs" onClick={() => onFocus({ kind: focus.kind })}>
          {words.allFacts}
        </Button>
      ) : null}
      {isOfReason ? (
        <OfReason asked={asked} focus={focus} />
      ) : equipmentId ? (
        <Facts asked={{ ...asked, ...focus.narrowed, equipmentId }} focus={focus} onFocus={onFocus} />
      ) : (
        <Text c="dimmed">{words.chooseMachine}</Text>
      )}
    </section>
  );
}

function Facts({ asked, focus, onFocus }: Props & Readonly<{ asked: Asked & { equipmentId: string } }>) {
  const words = useWords(kpisWords);
  const { kind } = focus;
  const facts = useRows('/kpi/evidence', { query: { ...asked, kind } });
  return (
    <Stack gap="xs">
      <SegmentedControl
        transitionDuration={0}
        aria-label={words.evidence}
        value={kind}
        onChange={(value) => onFocus({ ...focus, kind: value as Kind })}
        data={KINDS.map((value) => ({ value, label: words[value] }))}
        style={{ alignSelf: 'flex-start' }}
      />
      <ShownList of={facts} empty={words.noEvidence}>
        {(items) => (
          <Rows label={words.evidence} heads={[words.from, words.to, words.what, words.countsFor, words.recorded, words.event]}>
            {items.map((fact) => (
              <FactRow key={`${fact.kind} ${fact.rowId}`} plant={asked.facilityId} fact={fact} />
            ))}
          </Rows>
        )}
      </ShownList>
    </Stack>
  );
}

function FactRow({ plant, fact }: Readonly<{ plant: string; fact: Fact }>) {
  const words = useWords(kpisWords);
  const { from, to, parts, counts, restates, events, good, scrap, rework, unit, idealCycleSeconds, learnedAt } = fact;
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
            {rework && rework !== '0' ? `, ${rework} ${words.rework}` : ''}
          </Text>
        )}
        {idealCycleSeconds === null ? null : (
          <Text size="sm" c="dimmed">
            {words.idealCycle(idealCycleSeconds)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Time at={learnedAt} plant={plant} />
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

function Cause({ event, entity, position, actor, reason, eventId }: Schemas['EvidenceEvent']) {
  if (event === null)
    return (
      <Text size="sm" c="dimmed">
        {eventId}
      </Text>
    );
  return (
    <Text size="sm">
      {entity ? (
        <Link to={links.history(entity)} search={links.at(position)}>
          {event}
        </Link>
      ) : (
        event
      )}{' '}
      {actor} {reason ? `“${reason}”` : null}
    </Text>
  );
}
