// Hides: the field names of the official client's generated messages.
// Promises: the same object for the same message, ours or theirs. Does not: compare.

import shared from '@eventstore/db-client/generated/shared_pb';

export type Generated = { toObject(): object; serializeBinary(): Uint8Array };
export const bytesOf = (generated: Generated) => Buffer.from(generated.serializeBinary());

/** A generated message as an object with our field names: without `List`, `Map` and `pb_`, bytes as text, no absent members. */
export const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .map(([key, member]) => [key.replace(/^pb_|(List|Map)$/g, '').toLowerCase(), plain(member)] as const)
    .filter(([, member]) => member !== undefined && member !== '' && member !== 0 && member !== '0' && member !== false)
    .filter(([, member]) => !Array.isArray(member) || member.length > 0);
  return Object.fromEntries(members);
};

export const empty = () => new shared.Empty();
export const identifier = () => new shared.StreamIdentifier().setStreamName(Buffer.from('order-ä'));
export const uuid = () => new shared.UUID().setString('0dc1a1c6-9a4b-4b0a-8b55-ef1a5e1c7d3e');
