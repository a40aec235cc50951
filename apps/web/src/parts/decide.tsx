/** A button that asks for the reason of a decision before it sends it. Closes when there is a receipt. */
import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

type Props = Readonly<{
  label: string;
  /** What will happen, also the title of the question. */
  title: string;
  about?: ReactNode;
  variant?: 'filled' | 'default';
  color?: string;
  isDisabled?: boolean;
  does: (reason: string) => Promise<unknown>;
}>;

const SHORTEST = 3;

export function Decide({ label, title, about, variant = 'default', color, isDisabled, does }: Props) {
  const words = useWords(shellWords);
  const [opened, { open, close }] = useDisclosure();
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = () => {
    setBusy(true);
    does(reason.trim())
      .then(() => (setReason(''), close()))
      .catch(() => undefined)
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Button variant={variant} color={color} onClick={open} disabled={isDisabled}>
        {label}
      </Button>
      {/* To lock the scrolling it would add a style that the policy does not let in. */}
      <Modal opened={opened} onClose={close} title={title} lockScroll={false} closeButtonProps={{ 'aria-label': words.close }}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!isBusy) submit();
          }}
        >
          <Stack>
            {about ? <Text>{about}</Text> : null}
            <Textarea
              label={words.reason}
              description={words.reasonAbout}
              value={reason}
              maxLength={500}
              required
              data-autofocus
              onChange={({ currentTarget }) => setReason(currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {words.cancel}
              </Button>
              <Button type="submit" color={color} loading={isBusy} disabled={reason.trim().length < SHORTEST}>
                {label}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
