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
import { LocalTime } from '../../parts/local-time';
import { momentIn, type TypedTime } from '../../parts/local-times';
import { workOrderWords } from '../../words/work-order';
import { useWords } from '../../words/words';
import type { Order } from './order';
import { Scrap } from './scrap';
import { isLine, linesOf, scrapOf } from './scrap-lines';

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
  const [scrap, setScrap] = useState(() => linesOf([]));
  const [rework, setRework] = useState('0');
  const [typedFrom, setFrom] = useState<TypedTime>();
  const [typedTo, setTo] = useState<TypedTime>();
  const begun = last.data?.data.items[0]?.endedAt ?? order.startedAt;
  const begunAt = begun ? Date.parse(begun) : now;
  const fromAt = momentIn(typedFrom, begunAt, timeZone, begunAt - 60_000);
  const toAt = momentIn(typedTo, now, timeZone, fromAt);
  const isInOrder = fromAt <= toAt;
  const scrapped = scrapOf(scrap);
  const body = {
    workOrderId,
    reportId,
    operationId,
    equipmentId: equipmentId.trim(),
    good: good || '0',
    ...(scrapped.length > 0 && { scrap: scrapped }),
    ...(Number(rework) > 0 && { rework }),
  };
  const times = () => ({ from: new Date(fromAt).toISOString(), to: new Date(toAt).toISOString() });
  return (
    <Form
      title={words.titleReport(workOrderId, name)}
      submit={words.send}
      isComplete={
        [good, rework].every((text) => text === '' || isAmount(text)) && scrap.every(isLine) && equipmentId.trim() !== '' && isInOrder
      }
      onClose={onClose}
      does={() => send('/work-order/report-production', { ...body, ...times() }, words.titleReport(workOrderId, name))}
    >
      <Amount label={words.good} unit={unit} value={good} onChange={setGood} required />
      <Scrap unit={unit} lines={scrap} onChange={setScrap} />
      <Amount label={words.rework} unit={unit} value={rework} onChange={setRework} />
      <TextInput
        size="lg"
        label={words.machine}
        {...bounded(120, equipmentId)}
        value={equipmentId}
        onChange={({ currentTarget }) => setEquipment(currentTarget.value)}
      />
      <Group grow>
        <LocalTime label={words.from} timeZone={timeZone} at={fromAt} typed={typedFrom} onType={setFrom} />
        <LocalTime label={words.to} timeZone={timeZone} at={toAt} typed={typedTo} onType={setTo} />
      </Group>
      <Text size="sm" c="dimmed">
        {words.zone(timeZone)}
      </Text>
      {isInOrder ? null : <Alert color="red">{words.inOrder}</Alert>}
    </Form>
  );
}
