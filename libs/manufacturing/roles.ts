/** The roles of a plant's people and devices. A token may name any of them; what each may send or read is said at the command or query. */
export const ROLES = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer', 'device'] as const;
export type Role = (typeof ROLES)[number];
