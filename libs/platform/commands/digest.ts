/**
 * Fingerprints. Hides: the canonical form. Promises: equal for equal content, whatever the order of fields. Does not: cover a command's commandId
 * and expectedRevision, which are not intent.
 */
import { hash } from 'node:crypto';

/** Of what a command says; null counts as absent. */
export function digestOfCommand(name: string, command: object): string {
  const { commandId: _, expectedRevision: __, ...intent } = command as Record<string, unknown>;
  return sha256(`${name}\n${canonical(intent, isNothing)}`);
}

/** Of plain data, as JSON has it: fields that are undefined are left out. */
export const digestOf = (data: unknown): string => sha256(canonical(data, isUndefined));

const sha256 = (text: string): string => hash('sha256', text, 'hex');
const isNothing = (value: unknown): boolean => value === undefined || value === null;
const isUndefined = (value: unknown): boolean => value === undefined;

function canonical(value: unknown, isAbsent: (field: unknown) => boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, isAbsent)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => !isAbsent(inner));
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner, isAbsent)}`)
    .join(',')}}`;
}
