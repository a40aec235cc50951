/** Orders and plants of one enterprise, made from a seed. */

/** The same numbers for the same seed, from 0 to 1. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const DAYS = 30;
const FIRST = Date.parse('2026-01-05T00:00:00Z');
const dayAt = (day) => new Date(FIRST + day * 86_400_000).toISOString();

/** `load`: what is ordered, of the minutes of all plants. Each product is made by some 7 of 20 plants, some for certain customers only. */
export function instance(random, { orders, plants, load, setup }) {
  const upTo = (most) => Math.floor(random() * most);
  const names = Array.from({ length: plants }, (_, n) => `plant${n + 1}`);
  const quantities = Array.from({ length: orders }, () => 20 + upTo(180));
  const sum = quantities.reduce((total, each) => total + each, 0);
  const capacities = Object.fromEntries(
    names.map((name) => {
      const minutesPerDay = Math.ceil((sum / load / plants / DAYS) * (0.5 + random()) * (setup ? 1.3 : 1));
      const taken = Object.fromEntries(Array.from({ length: 4 }, () => [dayAt(upTo(DAYS)).slice(0, 10), upTo(minutesPerDay)]));
      return [`${name}.cell`, { minutesPerDay, taken }];
    }),
  );
  const products = Array.from({ length: Math.max(5, Math.round(orders / 50)) }, (_, n) => {
    const made = names.filter(() => random() < 0.35);
    const facilities = (made.length > 0 ? made : [names[upTo(plants)]]).map((facilityId) => ({
      facilityId,
      capacityId: `${facilityId}.cell`,
      minutesPerUnit: setup ? (0.5 + upTo(100) / 100).toFixed(2) : '1',
      setupMinutes: setup ? upTo(15) : 0,
      costPerUnit: (5 + upTo(500) / 100).toFixed(2),
      ...(setup && random() < 0.3 ? { minBatch: '20' } : {}),
      ...(random() < 0.1 ? { onlyFor: ['c1', 'c2', 'c3'] } : {}),
      ...(random() < 0.1 ? { neverFor: ['c4'] } : {}),
    }));
    return [`corp.p${n}`, { version: '1', unit: 'pcs', materials: [], facilities }];
  });
  const lanes = Object.fromEntries(
    names.flatMap((from) =>
      names
        .filter((to) => to !== from)
        .map((to) => [`${from}.${to}`, { transitHours: 24 * upTo(4), costPerUnit: (upTo(200) / 100).toFixed(2) }]),
    ),
  );
  return {
    earliest: dayAt(0),
    orders: quantities.map((quantity, n) => ({
      customerOrderId: `corp.CO-${String(n).padStart(5, '0')}`,
      customer: `c${upTo(20)}`,
      product: products[upTo(products.length)][0].slice(5),
      quantity: String(quantity),
      unit: 'pcs',
      due: dayAt(3 + upTo(DAYS - 3)),
      priority: 1 + upTo(9),
      ...(random() < 0.5 ? { shipTo: names[upTo(plants)] } : {}),
      ...(setup && random() < 0.2 ? { maxLegs: 2 } : {}),
    })),
    workMasters: Object.fromEntries(products),
    capacities,
    lanes,
    stock: {},
  };
}
