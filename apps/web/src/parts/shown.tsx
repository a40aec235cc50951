/** What a page shows while a read has no answer yet, or none at all. */
import './parts.css';
import { Alert, Button, Center, Group, Loader, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import { Refused, type Answer } from '../client/api';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

type Props<Data> = Readonly<{ of: UseQueryResult<Answer<Data>, Error>; children: (data: Data) => ReactNode }>;

/**
 * The children with the data, also old data; the freshness line says how old. While a new question has no answer, what was shown for the one before
 * is dimmed; it is gone when the new one fails.
 */
export function Shown<Data>({ of, children }: Props<Data>) {
  const words = useWords(shellWords);
  const before = useRef<ReactNode>(undefined);
  if (of.data) {
    before.current = children(of.data.data);
    return (
      <div className="shown" aria-busy={false}>
        {before.current}
      </div>
    );
  }
  const { error, failureReason } = of;
  if (error || failureReason) before.current = undefined;
  if (error instanceof Refused && !error.isPassing) {
    const text = error.problem.status === 404 ? words.notFound : error.problem.status === 403 ? words.notAllowed : error.problem.detail;
    return <Alert color="gray">{text}</Alert>;
  }
  if (error || failureReason)
    return (
      <Alert color="orange" title={words.away}>
        <Text size="sm">{failureReason instanceof Refused ? failureReason.problem.detail : null}</Text>
        <Button mt="sm" variant="default" onClick={() => void of.refetch()}>
          {words.retry}
        </Button>
      </Alert>
    );
  if (before.current !== undefined)
    return (
      <div className="shown" aria-busy>
        {before.current}
        <Text className="loading" role="status" size="sm" fw={600}>
          {words.loading}
        </Text>
      </div>
    );
  return (
    <Center p="xl">
      <Loader aria-label={words.loading} />
    </Center>
  );
}

type ListProps<Row> = Readonly<{
  of: UseQueryResult<Answer<{ items: Row[]; nextCursor?: string | null }>, Error> & Readonly<{ more?: () => Promise<unknown> }>;
  empty?: ReactNode;
  children: (rows: Row[]) => ReactNode;
}>;

/** The same for a list: says that it is empty, or that there is more, and shows it. */
export function ShownList<Row>({ of, empty, children }: ListProps<Row>) {
  const words = useWords(shellWords);
  return (
    <Shown of={of}>
      {({ items, nextCursor }) =>
        items.length === 0 ? (
          <Text c="dimmed" py="md">
            {empty ?? words.nothing}
          </Text>
        ) : (
          <>
            {children(items)}
            {nextCursor ? <More count={items.length} more={of.more} /> : null}
          </>
        )
      }
    </Shown>
  );
}

function More({ count, more }: Readonly<{ count: number; more?: () => Promise<unknown> }>) {
  const words = useWords(shellWords);
  const [isBusy, setBusy] = useState(false);
  const run = () => {
    setBusy(true);
    void more?.().finally(() => setBusy(false));
  };
  return (
    <Group gap="sm" py="xs" data-testid="more">
      <Text c="dimmed" size="sm">
        {words.more(count)}
      </Text>
      {more ? (
        <Button variant="default" className="no-print" loading={isBusy} onClick={run}>
          {words.loadMore}
        </Button>
      ) : null}
    </Group>
  );
}
