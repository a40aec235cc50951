/** The addresses of the pages. Pages do not know each other; they link through these. */
const at = (path: string, ...ids: (string | undefined)[]) =>
  `/console/${[path, ...ids.flatMap((id) => (id === undefined ? [] : encodeURIComponent(id)))].join('/')}`;

export const links = {
  overview: () => at('plants'),
  orders: () => at('orders'),
  workOrders: () => at('work-orders'),
  workOrder: (workOrderId: string) => at('work-orders', workOrderId),
  dispatch: (equipmentId?: string) => at('dispatch', equipmentId),
  timeline: (equipmentId?: string) => at('timeline', equipmentId),
  audit: () => at('audit'),
  /** The history of a stream, e.g. `equipment-haifa.M1`. */
  history: (stream: string) => at('audit', stream),
  /** The part of an address that leads to one event of a history, by its position. */
  at: (position: string | null) => (position === null ? {} : { event: position }) as never,
  lots: () => at('lots'),
  lot: (lotId: string) => at('lots', lotId),
  decisions: () => at('decisions'),
  processes: () => at('processes'),
  process: (process: string, instanceId: string) => at('processes', process, instanceId),
  kpis: () => at('kpis'),
  health: () => at('health'),
} as const;

/** The plant of a qualified id: haifa of haifa.WO-1. */
export const plantOf = (id: string): string => id.split('.', 1)[0]!;
