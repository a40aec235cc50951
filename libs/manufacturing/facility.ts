import { SCOPE_ID, scopeIn } from '#kernel/identity';

/** A facility (a plant) is the scope that owns things: ids are `<facility>.<local>`, tokens and rows name facilities. */
export const FACILITY_ID = SCOPE_ID;
/** The facility that owns an id: the part before the dot, or the id itself. */
export const facilityOf = scopeIn;
