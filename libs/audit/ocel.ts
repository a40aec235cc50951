/** One event of the log as an event of OCEL 2.0. Promises: only attributes that are declared, and only objects that the statements list. */

/** What a field of an event names, as the types of entities. */
export const RELATED: Readonly<Record<string, string>> = {
  calendarId: 'shift-calendar',
  customerOrderId: 'customer-order',
  equipmentId: 'equipment',
  fromLotId: 'material-lot',
  intoLotId: 'material-lot',
  lotId: 'material-lot',
  planId: 'allocation-plan',
  productionOrderId: 'production-order',
  transferId: 'inter-facility-transfer',
  workOrderId: 'work-order',
};

const text = (name: string) => ({ name, type: 'string' });
export const ATTRIBUTES = [...['role', 'command', 'clock', 'reason'].map(text), { name: 'recordedAt', type: 'time' }];
export const OBJECT_ATTRIBUTES = [text('facility')];

type AuditedEvent = Readonly<{
  eventId: string;
  event: string;
  occurredAt: string;
  recordedAt: string;
  role: string;
  command: string;
  clock: string;
  reason: string | null;
  entityType: string;
  entityId: string;
  data: Readonly<Record<string, unknown>>;
}>;

export function ocelEventOf({ eventId, event, occurredAt, entityType, entityId, data, ...told }: AuditedEvent): object {
  const values: Readonly<Record<string, unknown>> = told;
  const named = Object.entries(RELATED).flatMap(([field, type]) => {
    const id = data[field];
    return typeof id === 'string' ? [{ objectId: `${type}:${id}`, qualifier: field }] : [];
  });
  const own = `${entityType}:${entityId}`;
  return {
    id: eventId,
    type: event,
    time: occurredAt,
    attributes: ATTRIBUTES.flatMap(({ name }) => (values[name] === null ? [] : [{ name, value: values[name] }])),
    relationships: [{ objectId: own, qualifier: 'subject' }, ...named.filter(({ objectId }) => objectId !== own)],
  };
}
