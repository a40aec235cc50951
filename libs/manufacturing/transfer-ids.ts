/** Ids at the plant that receives: they carry the id at the plant that ships. A plant's id has no `_`, so two of them never collide. */
import { QUALIFIED_ID } from '#kernel/identity';

/** The inbound transfer, or the lot, at another plant: `lyon.T1` is `haifa.lyon_T1` at haifa. Undefined where that is too long for an id. */
export function atReceiver(id: string, toFacilityId: string): string | undefined {
  const there = `${toFacilityId}.${id.replace('.', '_')}`;
  return QUALIFIED_ID.test(there) ? there : undefined;
}
