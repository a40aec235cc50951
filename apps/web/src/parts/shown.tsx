/** What a page shows while a read has no answer yet, or none at all. */
import { Alert, Button, Center, Loader, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Refused, type Answer } from '../client/api';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

type Props<Data> = Readonly<{ of: UseQueryResult<Answer<Data>, Error>; children: (data: Data) => ReactNode }>;

/** The children with the data, also old data; the freshness line says how old. */
export function Shown<Data>({ of, children }: Props<Data>) {
  const words = useWords(shellWords);
  if (of.data) return <>{children(of.data.data)}</>;
  const { error, failureReason } = of;
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
  return (
    <Center p="xl">
      <Loader aria-label={words.loading} />
    </Center>
  );
}

type ListProps<Row> = Readonly<{
  of: UseQueryResult<Answer<{ items: Row[]; nextCursor?: string | null }>, Error>;
  empty?: ReactNode;
  children: (rows: Row[]) => ReactNode;
}>;

/** The same for a list: says that it is empty, or that there is more. */
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
            {nextCursor ? (
              <Text c="dimmed" size="sm" py="xs">
                {words.more(items.length)}
              </Text>
            ) : null}
          </>
        )
      }
    </Shown>
  );
}
