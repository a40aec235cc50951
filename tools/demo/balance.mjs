/** Whether the books of a story balance: each rule with its figures. Returns how many do not. */
const sum = (values) => values.reduce((total, value) => total + Number(value), 0);

export async function balance({ list, get, until }, { orders, product, plants, hub }) {
  let faults = 0;
  const check = (what, good, figures) => {
    if (!good) faults += 1;
    console.log(`   ${good ? 'ok ' : 'NOT'} ${what}: ${figures}`);
  };
  // Receipts and bookings into lots are told to the other plant by messages.
  const instances = await until('the last messages', async () => {
    const all = await list('processes', {}, 'engineer');
    return all.every(({ state }) => state !== 'Acting') && all;
  });
  const parked = instances.filter(({ state }) => state === 'Parked').length;
  check('no process is parked', parked === 0, `${instances.length} instances, ${parked} parked`);

  for (const customerOrderId of orders) {
    const [order] = (await list('customer-orders')).filter((each) => each.customerOrderId === customerOrderId);
    const legs = await list('customer-order-legs', { customerOrderId });
    const counted = sum(
      legs.map(({ status, quantity, good, received }) =>
        status === 'Undone' ? 0 : status === 'Delivered' ? received : status === 'Ended' ? good : quantity,
      ),
    );
    const rest = Number(order.unallocated) - Number(order.surplus);
    const ended = order.status === 'Completed' || order.status === 'Cancelled';
    check(`${customerOrderId} has ended`, ended, order.status);
    const balanced = counted + rest === Number(order.quantity);
    check(`${customerOrderId}: legs and rest add up to what is ordered`, balanced, `${counted} + ${rest}, ordered ${order.quantity}`);
  }

  const loads = (await list('capacity-load')).filter(({ capacityId }) => plants.some((plant) => capacityId.startsWith(`${plant}.`)));
  check(
    'nothing is reserved any more',
    sum(loads.map(({ reserved }) => reserved)) === 0,
    `${sum(loads.map(({ reserved }) => reserved))} minutes`,
  );

  const inbound = await list('inbound-transfer');
  const outbound = await list('transfer', { direction: 'Outbound' });
  for (const there of outbound.filter(({ shippedAt }) => shippedAt)) {
    const here = inbound.find(({ transferId }) => transferId === there.transferId);
    const [a, b] = [there.items[0], here?.items[0]];
    const parts = ['received', 'short', 'damaged', 'lost', 'inTransit'].map((part) => Number(a[part]));
    const same =
      b && ['received', 'short', 'damaged', 'lost', 'returned', 'inTransit'].every((part) => Number(a[part]) === Number(b[part]));
    check(
      `${there.transferId}: the parts add up to what was shipped, at both plants`,
      same && sum(parts) === Number(a.quantity) && there.status === 'Closed' && here.status === 'Closed',
      `received ${parts[0]} + short ${parts[1]} + damaged ${parts[2]} + lost ${parts[3]} + in transit ${parts[4]} = shipped ${a.quantity}`,
    );
  }

  const lots = (await list('material-lot')).filter(({ materialId }) => materialId === product);
  const made = sum((await list('customer-order-legs')).map(({ good }) => good));
  const [atPlants, atHub] = [
    sum(lots.filter(({ facilityId }) => facilityId !== hub).map(({ onHand }) => onHand)),
    sum(lots.filter(({ facilityId }) => facilityId === hub).map(({ onHand }) => onHand)),
  ];
  const damaged = sum(inbound.flatMap(({ items }) => items.map((item) => item.damaged)));
  check(
    'what was made is in lots, or was damaged',
    made === atPlants + atHub + damaged,
    `${made} made = ${atPlants} at plants + ${atHub} at ${hub} + ${damaged} damaged`,
  );

  const arrived = lots.filter(({ facilityId }) => facilityId === hub);
  const origins = await Promise.all(
    arrived.map(async ({ lotId }) => {
      const { items } = await get(`genealogy?id=${lotId}&direction=BACKWARD`);
      return items.filter(({ edge }) => edge.kind === 'Production').map(({ edge }) => edge.parentId);
    }),
  );
  check(
    `each lot in ${hub} leads back to the order that made it`,
    origins.every((found) => found.length > 0),
    `${arrived.length} lots, ${origins.flat().join(', ')}`,
  );
  console.log(faults === 0 ? '\nThe books balance.' : `\n${faults} do not balance.`);
  return faults;
}
