import { folded } from '#platform/testing/folded';
import { machineOverlap } from './machine-overlap.view';
import type { Told } from './report.events';
import { told } from './work-order-pasts';

const equipmentId = 'haifa.M4';
const at = (time: string) => `2026-01-05T${time}:00.000Z`;
type Change = Readonly<{ type?: 'ProductionReportReversed'; order: string; reportId?: string; from: string; to: string }>;

/** Reports of orders that never started, each in its order's stream, in this sequence; the machine takes so many orders at a time. */
const after = (capacity: number | null | undefined, ...changes: Change[]) => {
  const events = changes.map(({ type, order, reportId = 'r1', from, to }) => {
    const report: Told = told({ reportId, from: at(from), to: at(to) });
    const workOrderId = `haifa.${order}`;
    return type
      ? { type, data: { workOrderId, ...report, output: false, replacedBy: 'r2', reason: 'wrong' } }
      : { type: 'ProductionObserved' as const, data: { workOrderId, ...report, output: false } };
  });
  const machine = {
    type: 'EquipmentRegistered' as const,
    data: {
      equipmentId,
      name: 'Mill',
      elementId: null,
      equipmentClass: 'mill',
      profile: 'PACKML_2022' as const,
      modes: [],
      modeChangeStates: [],
      capacityMode: capacity === null ? ('Infinite' as const) : ('Cumulative' as const),
      maxConcurrent: capacity ?? null,
      vendorStates: [],
      mode: 1,
      state: 'Stopped' as const,
      since: null,
    },
  };
  const all = capacity === undefined ? events : [machine, ...events];
  return folded(machineOverlap, ...all.map((event, n) => [`stream-${n}`, [event]] as const))[equipmentId];
};

const one = { order: 'W1', from: '10:00', to: '11:00' };
const two = { order: 'W2', from: '10:30', to: '11:30' };
const three = { order: 'W3', from: '10:45', to: '12:00' };

describe('orders reported on one machine at the same time', () => {
  it('are flagged on a unary machine, and on one that is unknown', () => {
    for (const capacity of [1, undefined])
      expect(after(capacity, one, two)).toMatchObject({
        overlaps: 1,
        latestAt: at('10:30'),
        reports: [{ workOrderId: 'haifa.W2', reportId: 'r1', from: at('10:30'), to: at('11:30'), others: ['haifa.W1'] }],
      });
  });
  it('are flagged whichever is reported first', () =>
    expect(after(1, two, one)).toMatchObject({ overlaps: 1, reports: [{ workOrderId: 'haifa.W1', others: ['haifa.W2'] }] }));
  it('are not flagged where they touch, or are one order', () => {
    expect(after(1, one, { ...two, from: '11:00' })).toMatchObject({ overlaps: 0, reports: [], latestAt: null });
    expect(after(1, one, { ...two, order: 'W1', reportId: 'r2' })).toMatchObject({ overlaps: 0 });
    expect(after(1, one, { ...two, from: '10:30', to: '10:30' })).toMatchObject({ overlaps: 1 });
  });
  it('are flagged beyond the capacity only', () => {
    expect(after(2, one, two)).toMatchObject({ overlaps: 0 });
    expect(after(2, one, two, three)).toMatchObject({
      overlaps: 1,
      reports: [{ workOrderId: 'haifa.W3', others: ['haifa.W1', 'haifa.W2'] }],
    });
    expect(after(2, one, { ...two, from: '11:00' }, { ...three, from: '10:00' })).toMatchObject({ overlaps: 0 });
    expect(after(null, one, two, three)).toMatchObject({ overlaps: 0 });
  });
  it('are flagged in whatever sequence reports end', () => {
    const late = { order: 'W3', reportId: 'r3', from: '09:00', to: '10:10' };
    expect(after(1, one, { ...two, from: '11:00' }, late)).toMatchObject({ overlaps: 1, reports: [{ others: ['haifa.W1'] }] });
    const ends = after(1, two, one, three, late)!.compared.split('\n').slice(0, -1);
    expect(ends.map((line) => line.slice(11, 16))).toEqual(['10:10', '11:00', '11:30', '12:00']);
  });
  it('are no longer flagged when the report is taken back', () => {
    const back = { ...two, type: 'ProductionReportReversed' as const };
    expect(after(1, one, two, back)).toMatchObject({ overlaps: 0, reports: [], latestAt: null });
    expect(after(1, one, two, back, { ...three, from: '11:00' })).toMatchObject({ overlaps: 0 });
  });
  it('are compared with a bounded number of reports', () => {
    const many = Array.from({ length: 300 }, (_, n) => ({ ...one, reportId: `r${n}` }));
    const row = after(1, ...many, two)!;
    expect(row.compared.split('\n')).toHaveLength(100 + 1);
    expect(row).toMatchObject({ overlaps: 1 });
  });
});
