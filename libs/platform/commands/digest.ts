/**
 * The fingerprint of what a command says. Hides: the canonical form. Promises: equal for equal intent, whatever the order of fields; null counts
 * as absent. Does not: cover the envelope's commandId and expectedRevision, which are not intent.
 */
import { hash } from 'node:crypto';

export function digestOf(name: string, command: object): string {
  const { commandId: _, expectedRevision: __, ...intent } = command as Record<string, unknown>;
  return hash('sha256', `${name}\n${canonical(intent)}`, 'hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
    .join(',')}}`;
}
