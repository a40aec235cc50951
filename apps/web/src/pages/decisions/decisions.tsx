/** What waits for a person: how severe, until when, the options with what follows from each; who takes it, and the answer with its reason. */
import { Badge, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { serverNow } from '../../session/clock';
import { useRows } from '../../client/query';
import { History } from '../../parts/history';
import { lengthOf, Time, usePlantFilter } from '../../parts/plants';
import { ShownList } from '../../parts/shown';
import { colorOf, Shape, type Tone } from '../../parts/state';
import { decisionsWords } from '../../words/decisions';
import { useWords } from '../../words/words';
import { Answer, Assignment } from './answer';

type Decision = Schemas['DecisionQueueEntry'];
const TONES: Readonly<Record<Decision['severity'], Tone>> = { Low: 'idle', Medium: 'move', High: 'wait', Critical: 'bad' };
const SEVEREST: readonly Decision['severity'][] = ['Critical', 'High', 'Medium', 'Low'];

export default function Decisions() {
  const words = useWords(decisionsWords);
  const [isOpen, setOpen] = useState(true);
  const plant = usePlantFilter();
  const decisions = useRows('/decision-queue', {
    query: isOpen
      ? { ...plant, status: ['Open'], sort: 'dueAt', first: 200 }
      : { ...plant, status: ['Made', 'Withdrawn'], sort: 'dueAtDescending', first: 100 },
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <SegmentedControl
          transitionDuration={0}
          aria-label={words.title}
          value={isOpen ? 'open' : 'closed'}
          onChange={(value) => setOpen(value === 'open')}
          data={[
            { value: 'open', label: words.open },
            { value: 'closed', label: words.closed },
          ]}
        />
      </Group>
      <ShownList of={decisions} empty={isOpen ? words.none : words.noneClosed}>
        {(rows) =>
          [...rows]
            .sort((a, b) => (isOpen ? SEVEREST.indexOf(a.severity) - SEVEREST.indexOf(b.severity) : 0))
            .map((decision) => <Card key={decision.decisionId} {...decision} />)
        }
      </ShownList>
    </Stack>
  );
}

function Card(decision: Decision) {
  const words = useWords(decisionsWords);
  const { decisionId, kind, about, severity, status, facilityId, evidence, option, reason, decidedBy, escalatedAt } = decision;
  const tone = TONES[severity];
  return (
    <Paper
      withBorder
      p="md"
      component="article"
      aria-labelledby={`decision-${decisionId}`}
      data-decision={decisionId}
      data-status={status}
      style={{ borderInlineStart: `6px solid ${colorOf(tone)}` }}
    >
      <Group justify="space-between" align="flex-start">
        <Stack gap={4}>
          <Group gap="xs">
            <Shape tone={tone} />
            <Text fw={600} c={colorOf(tone)}>
              {words[severity]}
            </Text>
            <Title order={2} size="h4" id={`decision-${decisionId}`}>
              {kind}{' '}
              <Text span c="dimmed">
                {words.about(about)}
              </Text>
            </Title>
            {escalatedAt ? (
              <Badge color="orange" variant="outline">
                {words.escalated}
              </Badge>
            ) : null}
          </Group>
          {evidence ? (
            <Text>
              <Text span c="dimmed">
                {words.evidence}:
              </Text>{' '}
              {evidence}
            </Text>
          ) : null}
        </Stack>
        <Stack gap={0} align="flex-end">
          {status === 'Open' ? <Due {...decision} /> : <Time at={decision.closedAt} plant={facilityId} />}
          <History of={`decision-${decisionId}`} />
        </Stack>
      </Group>
      {status === 'Open' ? (
        <>
          <Assignment {...decision} />
          <Answer {...decision} />
        </>
      ) : (
        <Text mt="xs">
          <b>{status === 'Made' ? words.decidedBy(decidedBy ?? '–', option ?? '–') : words.withdrawn}</b> {reason ? `“${reason}”` : null}
        </Text>
      )}
    </Paper>
  );
}

function Due({ dueAt, facilityId }: Decision) {
  const words = useWords(decisionsWords);
  const left = Date.parse(dueAt) - serverNow();
  return (
    <Text size="sm">
      {words.due} <Time at={dueAt} plant={facilityId} />{' '}
      <Text span fw={600} c={left < 0 ? 'var(--plantlog-bad)' : undefined}>
        {left < 0 ? words.overdue : words.dueIn(lengthOf(left))}
      </Text>
    </Text>
  );
}
