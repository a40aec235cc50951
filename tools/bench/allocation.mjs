/**
 * Batches of orders planned over plants: time, and how much less is placed than the most that any plan could place. That bound is computed here
 * by a maximum flow (orders, plants, days until they are due), and shares no code with the planner. A unit takes a minute everywhere and set-up
 * none, so that a flow is exact; `set-up` shows batches with set-up, smallest batches and different speeds against the planner's own bound.
 * Goal: 10,000 orders × 20 plants in at most 30 s within 1 % of the flow.
 */
import { planBatch } from '#allocation-plan/batch';
import { loadSolver } from '#allocation-plan/highs.solver';
import { maxFlow } from './parts/max-flow.mjs';
import { instance, seeded } from './parts/orders-and-plants.mjs';

const SIZES = [
  [100, 5],
  [1_000, 10],
  [3_000, 20],
  [10_000, 20],
];
/** Of all capacity until the last due date, ordered. */
const LOADS = { feasible: 0.7, tight: 1, overloaded: 1.6 };
const GOAL = { seconds: 30, share: 0.01 };

export async function run({ short, say, only, seed = '1' }) {
  const solve = await loadSolver();
  const results = [];
  for (const [orders, plants] of short ? SIZES.slice(0, 2) : SIZES)
    for (const [name, load] of Object.entries(LOADS))
      for (const setup of [false, true]) {
        if (only && only !== `${name}${setup ? '-setup' : ''}`) continue;
        const inputs = instance(seeded(Number(seed)), { orders, plants, load, setup });
        const begun = performance.now();
        const plan = planBatch(inputs, solve);
        const seconds = (performance.now() - begun) / 1_000;
        const bound = setup ? Number(plan.bound) : maxFlow(inputs);
        const placed = Number(plan.placed);
        const share = bound === 0 ? 0 : (bound - placed) / bound;
        const row = {
          orders,
          plants,
          load: name,
          setup,
          seconds: Number(seconds.toFixed(2)),
          ordered: Number(plan.ordered),
          placed,
          bound,
          boundBy: setup ? 'planner' : 'max-flow',
          gapPercent: Number((share * 100).toFixed(3)),
          ownBound: Number(plan.bound),
          dearerAtMost: plan.gap.cost,
          legs: plan.orders.reduce((sum, { legs }) => sum + legs.length, 0),
        };
        check(inputs, plan);
        if (!setup && placed > bound) throw new Error(`the plan places ${placed}, more than the flow of ${bound} allows`);
        results.push(row);
        say(
          `${String(orders).padStart(6)} orders × ${plants} plants, ${name}${setup ? ' with set-up' : ''}: ${row.seconds} s; ${placed} of ${row.ordered} placed in ${row.legs} legs, ${row.gapPercent} % below ${setup ? "the planner's own bound" : 'the max-flow bound'} of ${bound}${row.dearerAtMost === undefined ? '' : `; at most ${row.dearerAtMost} dearer`}`,
        );
      }
  const largest = results.filter((row) => row.orders === 10_000 && !row.setup);
  const met =
    largest.length === 0
      ? undefined
      : largest.every(({ seconds, gapPercent }) => seconds <= GOAL.seconds && gapPercent <= GOAL.share * 100);
  if (met !== undefined) say(`10,000 × 20: ${met ? 'meets' : 'MISSES'} the goal of at most ${GOAL.seconds} s within ${GOAL.share * 100} %`);
  return { results, met };
}

/** What every plan must keep, whatever made it. */
function check(inputs, plan) {
  const taken = new Map();
  const byId = new Map(inputs.orders.map((order) => [order.customerOrderId, order]));
  for (const { legs, unallocated, customerOrderId } of plan.orders) {
    const order = byId.get(customerOrderId);
    const total = [...legs, ...unallocated].reduce((sum, { quantity }) => sum + Number(quantity), 0);
    if (total !== Number(order.quantity)) throw new Error(`${customerOrderId}: ${total} of ${order.quantity}`);
    for (const { capacityId, buckets, end } of legs) {
      if (Date.parse(end) >= Date.parse(order.due)) throw new Error(`${customerOrderId} ends at ${end}, due ${order.due}`);
      for (const { date, minutes } of buckets) taken.set(`${capacityId} ${date}`, (taken.get(`${capacityId} ${date}`) ?? 0) + minutes);
    }
  }
  for (const [key, minutes] of taken) {
    const { minutesPerDay, taken: before } = inputs.capacities[key.split(' ')[0]];
    if (minutes > minutesPerDay - (before[key.split(' ')[1]] ?? 0)) throw new Error(`${key} has ${minutes} minutes of work`);
  }
}
