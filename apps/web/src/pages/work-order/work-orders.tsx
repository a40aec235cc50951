import { Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useRows } from '../../client/query';
import { Find } from '../../parts/find';
import { links } from '../../parts/links';
import { usePlantFilter } from '../../parts/plants';
import { Progress } from '../../parts/progress';
import { ShownList } from '../../parts/shown';
import { State } from '../../parts/state';
import { workOrderWords } from '../../words/work-order';
import { useWords } from '../../words/words';

const ACTIVE = ['NotAllowedToStart', 'AllowedToStart', 'Running', 'Interrupted'] as const;

export default function WorkOrders() {
  const words = useWords(workOrderWords);
  const navigate = useNavigate();
  const [shown, setShown] = useState<string>('active');
  const orders = useRows('/work-order', {
    query: { ...usePlantFilter(), ...(shown === 'active' ? { status: [...ACTIVE] } : {}), first: 200 },
  });
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <Title order={1} size="h2">
          {words.list}
        </Title>
        <Find label={words.openById} onFind={(id) => void navigate({ to: links.workOrder(id) })} />
        <SegmentedControl
          size="md"
          value={shown}
          onChange={setShown}
          data={[
            { value: 'active', label: words.active },
            { value: 'all', label: words.all },
          ]}
        />
      </Group>
      <ShownList of={orders}>
        {(rows) =>
          rows.map((order) => (
            <Paper key={order.workOrderId} withBorder p="sm" data-work-order={order.workOrderId}>
              <Group justify="space-between">
                <Group gap="md">
                  <Link className="strong" to={links.workOrder(order.workOrderId)}>
                    {order.workOrderId}
                  </Link>
                  <State of={order.status} />
                  <Text size="sm">{order.product}</Text>
                  {order.runningOn.length > 0 ? (
                    <Text size="sm" c="dimmed">
                      {words.on} {order.runningOn.join(', ')}
                    </Text>
                  ) : null}
                </Group>
                <Progress percent={order.percentDone} text={words.done(order.percentDone ?? '0')} />
              </Group>
            </Paper>
          ))
        }
      </ShownList>
    </Stack>
  );
}
