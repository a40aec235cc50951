/** A dialog that sends one command. What has no answer yet goes on being sent when the dialog is closed; the notices say so. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { Refused, type Problem } from '../client/api';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

type Props = Readonly<{
  title: string;
  submit: string;
  /** False while a field is missing or wrong. */
  isComplete: boolean;
  color?: string;
  does: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}>;

export function Form({ title, submit, isComplete, color, does, onClose, children }: Props) {
  const words = useWords(shellWords);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !isComplete) return;
    setBusy(true);
    setProblem(undefined);
    does()
      .then(onClose, (error: unknown) => setProblem(error instanceof Refused ? error.problem : undefined))
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={run}>
        <Stack>
          {children}
          {problem ? (
            <Alert color="red" title={problem.detail} role="alert">
              {problem.whatToDo ? <Text size="sm">{problem.whatToDo}</Text> : null}
              {(problem.errors ?? []).map(({ field, message }) => (
                <Text key={field} size="sm">
                  {message}
                </Text>
              ))}
            </Alert>
          ) : null}
          <Group justify="flex-end">
            <Button size="lg" variant="default" onClick={onClose}>
              {words.cancel}
            </Button>
            <Button size="lg" type="submit" color={color} loading={isBusy} disabled={!isComplete}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
