/** What became of the acts of this person: not confirmed, recorded, refused. Read out by screen readers. */
import { Button, Notification, Stack, Text } from '@mantine/core';
import { acts, forget, type Act } from '../client/command';
import { useStore } from '../session/store';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

const COLORS = { sending: 'gray', unconfirmed: 'orange', done: 'teal', refused: 'red' } as const;

export function Notices() {
  const words = useWords(shellWords);
  const shown = useStore(acts).filter(({ status }) => status !== 'sending');
  const text = ({ title, status, receipt }: Act): string => {
    if (status === 'unconfirmed') return words.unconfirmed(title);
    if (status === 'refused') return words.refused(title);
    if (receipt?.changed === false) return words.unchanged(title);
    return receipt?.exceptions?.length ? words.flagged(title, receipt.exceptions.join(', ')) : words.done(title);
  };
  return (
    <Stack className="notices" gap="xs" role="status" aria-live="polite">
      {shown.map((act) => (
        <Notification
          key={act.id}
          color={COLORS[act.status]}
          loading={act.status === 'unconfirmed'}
          withBorder
          title={text(act)}
          onClose={() => forget(act.id)}
          withCloseButton={act.status !== 'unconfirmed'}
          closeButtonProps={{ 'aria-label': words.close }}
          data-status={act.status}
        >
          {act.problem ? (
            <>
              <Text size="sm">{act.problem.detail}</Text>
              {act.problem.whatToDo ? (
                <Text size="sm" c="dimmed">
                  {act.problem.whatToDo}
                </Text>
              ) : null}
            </>
          ) : null}
          {act.status === 'unconfirmed' ? (
            <Button size="compact-sm" variant="default" onClick={() => forget(act.id)}>
              {words.giveUp}
            </Button>
          ) : null}
        </Notification>
      ))}
    </Stack>
  );
}
