import { ROLES_OF } from './generated/roles';
import type { Schemas } from './api';

export type Me = Schemas['Me'];
export type Role = Me['roles'][number];
type Operation = keyof typeof ROLES_OF;

/** Whether the api would accept this operation from the caller: what it would refuse is not offered. */
export const may = ({ roles }: Pick<Me, 'roles'>, operation: Operation): boolean =>
  (ROLES_OF[operation] as readonly string[]).some((role) => roles.includes(role as Role));
