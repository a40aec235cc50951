/**
 * Who may do what. Hides: how roles are attached to commands and queries. Promises: everything that is not allowed is denied.
 * Does not: check tokens (auth.ts) or know any slice.
 */
import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** A role of the domain; the application lists them where it creates its `Tokens`. */
export type Role = string;

/**
 * The verified caller of a request. `scopes` lists what it may see of the domain, e.g. plants, or `*` for all. No token can have the role
 * `process`, which is reserved for the system.
 */
export type Principal = Readonly<{ actor: string; roles: readonly Role[]; scopes: readonly string[]; device?: string }>;

const ALLOWED = 'allowed-roles';

/** On a command class or a query method: the roles that may use it. Without it nobody may. */
export const Allow = (...roles: readonly Role[]) => applyDecorators(SetMetadata(ALLOWED, roles), ApiExtension('x-roles', roles));
export const allowedRoles = (target: object): readonly Role[] => (Reflect.getMetadata(ALLOWED, target) as Role[] | undefined) ?? [];

/** The caller's first role that the list allows; it is recorded with the event. Processes may send every command. */
export const grantedRole = (principal: Principal, allowed: readonly Role[]): Role | undefined =>
  principal.roles.find((role) => role === 'process' || allowed.includes(role));

export const inScope = (principal: Principal, scope: string): boolean => principal.scopes.includes('*') || principal.scopes.includes(scope);
