/**
 * What is recorded of a refused command. Hides: its size limit. Promises: the recorded refusal is the one that the client gets; a command of any
 * size takes a few kilobytes. Does not: append it.
 */
import type { CommandRefused } from '#kernel/event';
import type { Rejected } from '#kernel/rejected';
import type { Task } from './task';

const MOST_BYTES = 4_096;
const MOST_BYTES_OF_A_FIELD = 256;

export function refusalOf({ name, command, stream }: Task, { code, message, facts }: Rejected): CommandRefused['data'] {
  return { command: name, target: stream, code, message: message.slice(0, 1_000), facts: bounded(facts), payload: bounded({ ...command }) };
}

/** The record itself or, if it is too large, its small fields and the sizes of the others. */
function bounded(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const whole = JSON.stringify(record);
  if (Buffer.byteLength(whole) <= MOST_BYTES) return JSON.parse(whole) as Record<string, unknown>;
  const small: Record<string, unknown> = {};
  let left = MOST_BYTES;
  for (const [key, value] of Object.entries(record)) {
    if (value === undefined) continue;
    const text = JSON.stringify(value);
    const bytes = Buffer.byteLength(text);
    const kept: unknown = bytes <= MOST_BYTES_OF_A_FIELD ? JSON.parse(text) : { omittedBytes: bytes };
    left -= Math.min(bytes, MOST_BYTES_OF_A_FIELD) + Buffer.byteLength(key) + 8;
    if (left < 0) break;
    small[key] = kept;
  }
  return small;
}
