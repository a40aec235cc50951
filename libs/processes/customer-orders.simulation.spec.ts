import { simulate } from './simulation/customer-orders-under-test';

/** Thousands: `npm run faults -- simulation`. */
const WORLDS = 40;

test(`customer orders end well in ${WORLDS} simulated worlds`, async () => {
  const ends: Record<string, number> = {};
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const ran = await simulate(seed);
    if (ran.faults.length > 0) throw new Error(`seed ${seed}: ${ran.faults.join('; ')}\n${ran.story()}`);
    for (const end of ran.ends) ends[end] = (ends[end] ?? 0) + 1;
  }
  expect(ends['Completed']).toBeGreaterThan(WORLDS / 2);
  expect(ends['Cancelled']).toBeGreaterThan(0);
});

test('a seed tells the same story again, and another one another', async () => {
  const [first, again, other] = [await simulate(7), await simulate(7), await simulate(8)];
  expect(again.story()).toBe(first.story());
  expect(other.story()).not.toBe(first.story());
});
