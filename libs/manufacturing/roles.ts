/** The roles of a plant's people and devices. A token may have any of them; `@Allow` on a command or query lists the roles that may use it. */
export const ROLES = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer', 'device'] as const;
export type Role = (typeof ROLES)[number];
