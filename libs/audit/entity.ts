import { facilityOf } from '#manufacturing/facility';

/** The entity of a stream: `work-order` and `haifa.Case1` for `work-order-haifa.Case1`, without the `refused-` of former streams of refusals. */
export function entityOf(stream: string, facility: string | undefined): { entityType: string; entityId: string } {
  const name = stream.startsWith('refused-') ? stream.slice('refused-'.length) : stream;
  for (let dash = name.indexOf('-'); dash > 0; dash = name.indexOf('-', dash + 1)) {
    const entityId = name.slice(dash + 1);
    if (facility !== undefined && facilityOf(entityId) === facility) return { entityType: name.slice(0, dash), entityId };
  }
  return { entityType: name, entityId: '' };
}
