import type { Role } from '#manufacturing/roles';

/** One command: who sends it, how many minutes before the demo's moment it happened, and its fields. */
export type Step = Readonly<{ as: Role; ago: number; send: string; body: Readonly<Record<string, unknown>>; refused?: string }>;

const OFFICE = 'office';
const PRODUCT = 'coupling-k3';
/** Hours to the warehouse of the head office, and the cost of one piece. */
const PLANTS = [
  { id: 'pune', transitHours: 48, freight: '2.1', cost: '14' },
  { id: 'haifa', transitHours: 24, freight: '1.6', cost: '17' },
  { id: 'lyon', transitHours: 24, freight: '0.8', cost: '26' },
] as const;
const pieces = (count: number) => ({ amount: String(count), unit: 'pcs' });
const MINUTES_OF_A_DAY = 1_440;

/** A customer order that no two of the plants can make in time: it is split over all of them, and shipped to the head office. */
export function* orderOfAll(enterprise: object, moment: (ago: number) => string): Generator<Step> {
  const step = (as: Role, ago: number, send: string, body: Step['body']): Step => ({ as, ago, send, body });
  const office = { facilityId: OFFICE, name: 'Head office', timeZone: 'Europe/Paris', ...enterprise };
  yield step('engineer', 590, 'facility/register-facility', office);
  for (const { id, transitHours, freight } of PLANTS) {
    const capacity = { capacityId: `${id}.couplings`, mode: 'Unary', minutesPerDay: 480 };
    yield step('planner', 580, 'facility-capacity/define-capacity', capacity);
    const lane = { laneId: `${id}.${OFFICE}`, transitHours, costPerUnit: freight, unit: 'pcs' };
    yield step('planner', 580, 'transport-lane/define-lane', lane);
  }
  const workMasterId = `${OFFICE}.${PRODUCT}`;
  yield step('engineer', 570, 'work-master/draft-work-master', {
    workMasterId,
    version: '1',
    product: PRODUCT,
    unit: 'pcs',
    operations: [
      { operationId: '10', name: 'Turn', sequence: 1 },
      { operationId: '20', name: 'Balance', sequence: 2 },
    ],
    facilities: PLANTS.map(({ id, cost }) => ({ facilityId: id, capacityId: `${id}.couplings`, minutesPerUnit: '20', costPerUnit: cost })),
  });
  yield step('quality', 560, 'work-master/approve-work-master', { workMasterId, version: '1' });
  yield step('planner', 20, 'customer-order/place-customer-order', {
    customerOrderId: `${OFFICE}.CO-2001`,
    customer: 'rhone-water',
    product: PRODUCT,
    quantity: pieces(300),
    due: moment(-7 * MINUTES_OF_A_DAY),
    priority: 3,
    shipTo: OFFICE,
  });
}
