// Hides: google-protobuf's classes behind the two functions that services need.
// Promises: bytes that are no message of that class end the call as INVALID_ARGUMENT, in time that grows with their number.
// Does not: serve the hot paths; those read and write their fields by hand (wire.ts).

import { createRequire } from 'node:module';
import { invalidArgument } from './faults';

/** A reader of google-protobuf, as generated classes use it. */
interface Reader {
  getCursor(): number;
  readMessage(...args: unknown[]): unknown;
  readString(...args: unknown[]): unknown;
  readBytes(...args: unknown[]): unknown;
}

type MessageClass<T> = { new (): T; deserializeBinaryFromReader(message: T, reader: unknown): T };

// The generated classes bring their own version of google-protobuf.
const { BinaryReader } = createRequire(require.resolve('@eventstore/db-client/generated/shared_pb'))('google-protobuf') as {
  BinaryReader: new (bytes: Uint8Array) => Reader;
};

const malformed = () => invalidArgument('The request is no valid message.');

/** The length that is written at the cursor must lie within the bytes: google-protobuf itself counts up to whatever is claimed. */
function checkLength(bytes: Buffer, at: number): void {
  let length = 0;
  for (let place = 0; place < 5; place++) {
    const byte = bytes[at + place];
    if (byte === undefined) throw malformed();
    length += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) {
      if (at + place + 1 + length > bytes.length) throw malformed();
      return;
    }
  }
  throw malformed();
}

const checked = (bytes: Buffer): Reader => {
  const reader = new BinaryReader(bytes);
  for (const name of ['readMessage', 'readString', 'readBytes'] as const) {
    const read = reader[name];
    reader[name] = (...args) => {
      checkLength(bytes, reader.getCursor());
      return read.apply(reader, args);
    };
  }
  return reader;
};

/** A codec that reads messages of a generated class. */
export const reading =
  <T>(message: MessageClass<T>) =>
  (bytes: Buffer): T =>
    message.deserializeBinaryFromReader(new message(), checked(bytes));

export const encode = (message: { serializeBinary(): Uint8Array }): Buffer => Buffer.from(message.serializeBinary());
