import { planBatch } from './batch';
import type { BatchInputs } from './batch-inputs';
import { PlanningFailed, planInThread } from './batch.thread';
import { loadSolver } from './highs.solver';

const inputs = (orders: number, quantity = '7'): BatchInputs => ({
  earliest: '2026-01-05T00:00:00Z',
  orders: Array.from({ length: orders }, (_, n) => ({
    ...{ customerOrderId: `corp.CO-${n}`, customer: 'acme', product: 'pump', quantity, unit: 'pcs' as const },
    ...{ due: `2026-01-${String(7 + (n % 20)).padStart(2, '0')}T00:00:00Z`, priority: 1 + (n % 9) },
  })),
  workMasters: {
    'corp.pump': {
      ...{ version: '1', unit: 'pcs', materials: [] },
      facilities: ['lyon', 'oslo', 'ayr'].map((facilityId, n) => ({
        ...{ facilityId, capacityId: `${facilityId}.cell`, minutesPerUnit: '1.5', setupMinutes: 5, costPerUnit: String(10 + n) },
      })),
    },
  },
  capacities: Object.fromEntries(['lyon', 'oslo', 'ayr'].map((plant) => [`${plant}.cell`, { minutesPerDay: 240, taken: {} }])),
  lanes: {},
  stock: {},
});
const failure = (planning: Promise<unknown>): Promise<unknown> => planning.then(() => 'it was planned').catch((error: unknown) => error);

describe('a batch that is planned in a thread', () => {
  test('gets the same plan, and this thread goes on meanwhile', async () => {
    const expected = planBatch(inputs(300), await loadSolver());
    const begun = performance.now();
    let [longestMs, last, done] = [0, begun, false];
    const turn = () => {
      const now = performance.now();
      [longestMs, last] = [Math.max(longestMs, now - last), now];
      if (!done) setImmediate(turn);
    };
    const planning = planInThread(inputs(300));
    turn();
    expect(await planning).toEqual(expected);
    done = true;
    turn();
    // Planning here would be one long turn.
    expect(longestMs).toBeLessThan((last - begun) / 2);
  });

  test('ends when its time is over, and says so', async () => {
    const failed = await failure(planInThread(inputs(4_000), { timeLimitMs: 50 }));
    expect(failed).toBeInstanceOf(PlanningFailed);
    expect(failed).toMatchObject({
      why: 'time-limit',
      message: 'Planning took longer than 0.05 s. Plan fewer orders, or allow more time.',
    });
  });

  test('fails, and says why, where the planner throws, and where the thread dies', async () => {
    expect(await failure(planInThread(inputs(1, 'seven')))).toMatchObject({
      why: 'failed',
      message: expect.stringContaining('seven') as string,
    });
    expect(await failure(planInThread(inputs(20_000), { memoryMb: 8 }))).toMatchObject({
      why: 'failed',
      message: expect.stringMatching(/has failed: .*memory limit/) as string,
    });
  });
});
