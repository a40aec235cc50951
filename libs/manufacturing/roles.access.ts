import type { Role } from '#manufacturing/roles';
import * as access from '#platform/security/access';

/** On a command class or a query method: the roles that may send or read it. Without it, access is denied to everybody. */
export const Allow: (...roles: readonly Role[]) => ReturnType<typeof access.Allow> = access.Allow;
