/** A button that asks for the reason of a decision before it sends it. */
import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';
import { Form } from './form';
import { isReason, Reason } from './reason';

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

export function Decide({ label, title, about, variant = 'default', color, isDisabled, does }: Props) {
  const [isOpen, { open, close }] = useDisclosure();
  const [reason, setReason] = useState('');
  return (
    <>
      <Button variant={variant} color={color} onClick={open} disabled={isDisabled}>
        {label}
      </Button>
      {isOpen ? (
        <Form
          title={title}
          submit={label}
          color={color}
          isComplete={isReason(reason)}
          onClose={close}
          does={() => does(reason.trim()).then(() => setReason(''))}
        >
          {about ? <Text>{about}</Text> : null}
          <Reason value={reason} onChange={setReason} />
        </Form>
      ) : null}
    </>
  );
}
