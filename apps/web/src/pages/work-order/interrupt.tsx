import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Input } from '../../client/api';
import { send } from '../../client/command';
import { useBounded } from '../../parts/bounded';
import { Form } from '../../parts/form';
import { isReason, Reason } from '../../parts/reason';
import { workOrderWords } from '../../words/work-order';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';

type Cause = Input<'/work-order/pause-work-order'>['cause'];
const CAUSES: readonly Cause[] = ['Material', 'Equipment', 'Quality', 'Personnel', 'Tooling', 'Other'];
type Props = Readonly<{ workOrderId: string; onClose: () => void }>;

export function Pause({ workOrderId, onClose }: Props) {
  const words = useWords(workOrderWords);
  const terms = useWords(termWords);
  const [cause, setCause] = useState<Cause>('Material');
  const [reason, setReason] = useState('');
  const title = words.titlePause(workOrderId);
  return (
    <Form
      title={title}
      submit={words.pause}
      isComplete={isReason(reason)}
      onClose={onClose}
      does={() => send('/work-order/pause-work-order', { workOrderId, cause, reason: reason.trim() }, title)}
    >
      <NativeSelect
        size="lg"
        label={words.cause}
        value={cause}
        data={CAUSES.map((value) => ({ value, label: termOf(terms, value) }))}
        onChange={({ currentTarget }) => setCause(currentTarget.value as Cause)}
      />
      <Reason value={reason} onChange={setReason} />
    </Form>
  );
}

/** At the end of a shift: the order pauses with a note, and whoever takes over resumes it. */
export function HandOver({ workOrderId, onClose }: Props) {
  const words = useWords(workOrderWords);
  const [to, setTo] = useState('');
  const [note, setNote] = useState('');
  const bounded = useBounded();
  const title = words.titleHandOver(workOrderId);
  const reason = words.handedOver(to.trim(), note.trim());
  return (
    <Form
      title={title}
      submit={words.handOver}
      isComplete={to.trim() !== '' && note.trim() !== ''}
      onClose={onClose}
      does={() => send('/work-order/pause-work-order', { workOrderId, cause: 'Personnel', reason }, title)}
    >
      <TextInput
        size="lg"
        label={words.toWhom}
        {...bounded(80, to)}
        withAsterisk
        data-autofocus
        value={to}
        onChange={({ currentTarget }) => setTo(currentTarget.value)}
      />
      <Textarea
        label={words.note}
        {...bounded(400, note)}
        withAsterisk
        value={note}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
      />
    </Form>
  );
}
