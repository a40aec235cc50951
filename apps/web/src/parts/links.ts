/** The addresses of the pages. Pages do not know each other; they link through these. */
const at = (path: string, id?: string) => `/console/${path}${id === undefined ? '' : `/${encodeURIComponent(id)}`}`;

export const links = {
  overview: () => at('plants'),
  orders: () => at('orders'),
  workOrders: () => at('work-orders'),
  workOrder: (workOrderId: string) => at('work-orders', workOrderId),
  dispatch: (equipmentId?: string) => at('dispatch', equipmentId),
  timeline: (equipmentId?: string) => at('timeline', equipmentId),
} as const;

/** The plant of a qualified id: haifa of haifa.WO-1. */
export const plantOf = (id: string): string => id.split('.', 1)[0]!;
