/** The board of orders: demand and progress, with the parts that each plant makes. */
import { Group, SegmentedControl, Stack, Title } from '@mantine/core';
import { useState } from 'react';
import { useRead } from '../../client/query';
import { useMay } from '../../parts/me';
import { usePlantFilter } from '../../parts/plants';
import { ShownList } from '../../parts/shown';
import { orderWords } from '../../words/orders';
import { useWords } from '../../words/words';
import { CustomerOrder } from './customer-order';
import { ProductionOrder } from './production-order';

export default function Orders() {
  const words = useWords(orderWords);
  const mayCustomer = useMay()('get /customer-orders');
  const [kind, setKind] = useState<string>(mayCustomer ? 'customer' : 'production');
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        {mayCustomer ? (
          <SegmentedControl
            size="md"
            value={kind}
            onChange={setKind}
            data={[
              { value: 'customer', label: words.customer },
              { value: 'production', label: words.production },
            ]}
          />
        ) : null}
      </Group>
      {kind === 'customer' ? <CustomerOrders /> : <ProductionOrders />}
    </Stack>
  );
}

function CustomerOrders() {
  const words = useWords(orderWords);
  // An order belongs to the office that took it; its legs are at the plants. So the chosen plant does not narrow this list.
  const orders = useRead('/customer-orders', { query: { sort: 'due', first: 200 } });
  return (
    <ShownList of={orders} empty={words.none}>
      {(rows) => rows.map((order) => <CustomerOrder key={order.customerOrderId} {...order} />)}
    </ShownList>
  );
}

function ProductionOrders() {
  const words = useWords(orderWords);
  const orders = useRead('/order-board', { query: { ...usePlantFilter(), sort: 'due', first: 200 } });
  return (
    <ShownList of={orders} empty={words.none}>
      {(rows) => rows.map((order) => <ProductionOrder key={order.productionOrderId} {...order} />)}
    </ShownList>
  );
}
