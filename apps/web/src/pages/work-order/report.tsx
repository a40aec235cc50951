import { Alert, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { serverNow } from '../../session/clock';
import { newId, send } from '../../client/command';
import { useRead } from '../../client/query';
import { Amount, isAmount } from '../../parts/amount';
import { useBounded } from '../../parts/bounded';
import { Form } from '../../parts/form';
import { usePlants } from '../../parts/plants';
import { localOf, momentOf } from '../../parts/local-times';
import { workOrderWords } from '../../words/work-order';
import { useWords } from '../../words/words';
import type { Order } from './order';

type Props = Readonly<{ order: Order; operation: Schemas['OperationProgress']; onClose: () => void }>;

/** Reports what an operation has made since its last report. */
export function Report({ order, operation, onClose }: Props) {
  const words = useWords(workOrderWords);
  const { workOrderId, facilityId, unit } = order;
  const bounded = useBounded();
  const { operationId, name } = operation;
  const timeZone = usePlants().get(facilityId)?.timeZone ?? 'UTC';
  const last = useRead('/production-report', { query: { workOrderId: [workOrderId], operationId, sort: 'endedAtDescending', first: 1 } });
  // Named once, so that a report which is sent again counts once.
  const [reportId] = useState(() => `r-${newId().slice(0, 8)}`);
  const [now] = useState(serverNow);
  const [equipmentId, setEquipment] = useState(operation.machine ?? operation.plannedMachine ?? '');
  const [good, setGood] = useState('0');
  const [scrap, setScrap] = useState('0');
  const [rework, setRework] = useState('0');
  const [scrapReason, setScrapReason] = useState('');
  const [typedFrom, setFrom] = useState<string>();
  const [to, setTo] = useState(() => localOf(now, timeZone));
  const begun = last.data?.data.items[0]?.endedAt ?? order.startedAt;
  const from = typedFrom ?? (begun ? localOf(Date.parse(begun), timeZone) : to);
  const [fromAt, toAt] = [momentOf(from, timeZone), momentOf(to, timeZone)];
  const isInOrder = fromAt <= toAt;
  const hasScrap = Number(scrap) > 0;
  const body = {
    workOrderId,
    reportId,
    operationId,
    equipmentId: equipmentId.trim(),
    good: good || '0',
    ...(hasScrap && { scrap: [{ quantity: scrap, reasonCode: scrapReason.trim() }] }),
    ...(Number(rework) > 0 && { rework }),
  };
  const times = () => ({ from: new Date(fromAt).toISOString(), to: new Date(toAt).toISOString() });
  return (
    <Form
      title={words.titleReport(workOrderId, name)}
      submit={words.send}
      isComplete={
        [good, scrap, rework].every((text) => text === '' || isAmount(text)) &&
        (!hasScrap || scrapReason.trim() !== '') &&
        equipmentId.trim() !== '' &&
        isInOrder
      }
      onClose={onClose}
      does={() => send('/work-order/report-production', { ...body, ...times() }, words.titleReport(workOrderId, name))}
    >
      <Amount label={words.good} unit={unit} value={good} onChange={setGood} required />
      <Amount label={words.scrap} unit={unit} value={scrap} onChange={setScrap} />
      {hasScrap ? (
        <TextInput
          size="lg"
          label={words.scrapReason}
          {...bounded(64, scrapReason)}
          withAsterisk
          value={scrapReason}
          onChange={({ currentTarget }) => setScrapReason(currentTarget.value)}
        />
      ) : null}
      <Amount label={words.rework} unit={unit} value={rework} onChange={setRework} />
      <TextInput
        size="lg"
        label={words.machine}
        {...bounded(120, equipmentId)}
        value={equipmentId}
        onChange={({ currentTarget }) => setEquipment(currentTarget.value)}
      />
      <Group grow>
        <TextInput
          size="lg"
          type="datetime-local"
          label={words.from}
          value={from}
          onChange={({ currentTarget }) => setFrom(currentTarget.value)}
        />
        <TextInput
          size="lg"
          type="datetime-local"
          label={words.to}
          value={to}
          onChange={({ currentTarget }) => setTo(currentTarget.value)}
        />
      </Group>
      <Text size="sm" c="dimmed">
        {words.zone(timeZone)}
      </Text>
      {isInOrder ? null : <Alert color="red">{words.inOrder}</Alert>}
    </Form>
  );
}
