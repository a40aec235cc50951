/**
 * What questions of docs/analyse.md find in the morning of kpi.e2e-spec.ts, worked by hand. Two orders: 900 good and 100 scrap from 08:30 to 12:30, after a
 * correction; 40 good of 100, under way. Two stops of half an hour.
 */
export const ANSWERS: readonly (readonly [question: number, about: string, rows: object[]])[] = [
  [4, 'durations', [{ product: 'shaft', orders: '1', average: { hours: 4 }, longest: { hours: 4 } }]],
  // 100 / (940 + 100)
  [5, 'the share of scrap', [{ product: 'shaft', unit: 'pcs', scrap: '100', percent: '9.62' }]],
  [
    6,
    'operations',
    [
      { work_order_id: 'haifa.WO1', operation: '10', good: '900', scrap: '100' },
      { work_order_id: 'haifa.WO2', operation: '10', good: '40', scrap: '0' },
    ],
  ],
  [7, 'what lies between operations', [{ facility_id: 'haifa', product: 'shaft', unit: 'pcs', in_process: '60' }]],
  [8, 'the dispatch list', [{ facility_id: 'haifa', ready: '0', waiting: '0' }]],
  [
    10,
    'pieces by machine and day',
    [
      { equipment_id: 'haifa.M1', unit: 'pcs', good: '900' },
      { equipment_id: 'haifa.M2', unit: 'pcs', good: '40' },
    ],
  ],
  [11, 'reasons of scrap', [{ scrap_reasons: ['burr', 'crack'], unit: 'pcs', scrap: '100' }]],
  [12, 'corrections', [{ reason: 'counted again', count: '1' }]],
  [
    18,
    'costly stops',
    [
      { count: '1', lasted: { minutes: 30 } },
      { count: '1', lasted: { minutes: 30 } },
    ],
  ],
  [19, 'interrupted orders', [{ work_order_id: 'haifa.WO1', stops: '2', lasted: { hours: 1 } }]],
];
