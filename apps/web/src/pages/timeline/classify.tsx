import { Radio, SimpleGrid, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Input } from '../../client/api';
import { send } from '../../client/command';
import { useRead } from '../../client/query';
import { useBounded } from '../../parts/bounded';
import { Form } from '../../parts/form';
import { useMay } from '../../parts/me';
import { timelineWords } from '../../words/timeline';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import type { Stop } from './stop';

type LossClass = Input<'/equipment/classify-stop'>['lossClass'];
const CLASSES: readonly LossClass[] = [
  'Breakdown',
  'SetupAndAdjustment',
  'MinorStop',
  'Starved',
  'Blocked',
  'Quality',
  'PlannedMaintenance',
  'Break',
  'NoOrder',
  'Other',
];

export function Classify({ stop, onClose }: Readonly<{ stop: Stop; onClose: () => void }>) {
  const words = useWords(timelineWords);
  const terms = useWords(termWords);
  const may = useMay();
  const bounded = useBounded();
  const { equipmentId, stopId, facilityId } = stop;
  const [lossClass, setClass] = useState<LossClass | undefined>(stop.lossClass ?? undefined);
  const [reasonCode, setCode] = useState(stop.reasonCode ?? '');
  const [remark, setRemark] = useState('');
  const codes = useRead('/master-data', {
    query: { facilityId: [facilityId], kind: ['ReasonCode'], first: 200 },
    every: 60_000,
    enabled: may('get /master-data'),
  });
  const title = words.titleClassify(stopId, equipmentId);
  const body = {
    equipmentId,
    stopId,
    reasonCode: reasonCode.trim(),
    // What this person saw: if somebody else has classified it meanwhile, the api refuses.
    ...(stop.reasonCode && { expectedPrevious: stop.reasonCode }),
    ...(remark.trim() && { reason: remark.trim() }),
  };
  return (
    <Form
      title={title}
      submit={words.classify}
      isComplete={lossClass !== undefined && reasonCode.trim() !== '' && may('post /equipment/classify-stop')}
      onClose={onClose}
      does={() => send('/equipment/classify-stop', { ...body, lossClass: lossClass! }, title)}
    >
      <Radio.Group label={words.lossClass} value={lossClass ?? null} onChange={(value) => setClass(value as LossClass)} withAsterisk>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" pt="xs">
          {CLASSES.map((value) => (
            <Radio key={value} size="lg" value={value} label={termOf(terms, value)} />
          ))}
        </SimpleGrid>
      </Radio.Group>
      <TextInput
        size="lg"
        label={words.reasonCode}
        {...bounded(64, reasonCode)}
        withAsterisk
        list="reason-codes"
        autoComplete="off"
        value={reasonCode}
        onChange={({ currentTarget }) => setCode(currentTarget.value)}
      />
      <datalist id="reason-codes">
        {(codes.data?.data.items ?? []).map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </datalist>
      <Textarea
        label={words.comment}
        {...bounded(500, remark)}
        value={remark}
        onChange={({ currentTarget }) => setRemark(currentTarget.value)}
      />
    </Form>
  );
}
