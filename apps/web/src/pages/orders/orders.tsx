/** The board of orders: demand and progress, with the parts that each plant makes. */
import { Button, Group, SegmentedControl, Stack, Title } from '@mantine/core';
import { useState } from 'react';
import { useRead, useRows } from '../../client/query';
import { Find } from '../../parts/find';
import { useMay } from '../../parts/me';
import { usePlantFilter } from '../../parts/plants';
import { Shown, ShownList } from '../../parts/shown';
import { orderWords } from '../../words/orders';
import { shellWords } from '../../words/shell';
import { useWords } from '../../words/words';
import { CustomerOrder } from './customer-order';
import { ProductionOrder } from './production-order';

export default function Orders() {
  const words = useWords(orderWords);
  const shell = useWords(shellWords);
  const mayCustomer = useMay()('get /customer-orders');
  const [kind, setKind] = useState<string>(mayCustomer ? 'customer' : 'production');
  const [id, setId] = useState<string>();
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <Find label={words.byId} onFind={setId} />
        {mayCustomer ? (
          <SegmentedControl
            size="md"
            value={kind}
            onChange={(to) => (setKind(to), setId(undefined))}
            data={[
              { value: 'customer', label: words.customer },
              { value: 'production', label: words.production },
            ]}
          />
        ) : null}
      </Group>
      {id === undefined ? null : (
        <Button variant="default" className="no-print" style={{ alignSelf: 'flex-start' }} onClick={() => setId(undefined)}>
          {shell.findAll}
        </Button>
      )}
      {id === undefined ? (
        kind === 'customer' ? (
          <CustomerOrders />
        ) : (
          <ProductionOrders />
        )
      ) : kind === 'customer' ? (
        <OneCustomerOrder id={id} />
      ) : (
        <OneProductionOrder id={id} />
      )}
    </Stack>
  );
}

function OneCustomerOrder({ id }: Readonly<{ id: string }>) {
  const order = useRead('/customer-orders/{id}', { place: { id } });
  return <Shown of={order}>{(row) => <CustomerOrder key={row.customerOrderId} {...row} />}</Shown>;
}

function OneProductionOrder({ id }: Readonly<{ id: string }>) {
  const order = useRead('/order-board/{id}', { place: { id } });
  return <Shown of={order}>{(row) => <ProductionOrder key={row.productionOrderId} {...row} />}</Shown>;
}

function CustomerOrders() {
  const words = useWords(orderWords);
  // An order belongs to the office that took it; its legs are at the plants. So the chosen plant does not narrow this list.
  const orders = useRows('/customer-orders', { query: { sort: 'due', first: 200 } });
  return (
    <ShownList of={orders} empty={words.none}>
      {(rows) => rows.map((order) => <CustomerOrder key={order.customerOrderId} {...order} />)}
    </ShownList>
  );
}

function ProductionOrders() {
  const words = useWords(orderWords);
  const orders = useRows('/order-board', { query: { ...usePlantFilter(), sort: 'due', first: 200 } });
  return (
    <ShownList of={orders} empty={words.none}>
      {(rows) => rows.map((order) => <ProductionOrder key={order.productionOrderId} {...order} />)}
    </ShownList>
  );
}
