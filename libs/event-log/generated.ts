// Hides: google-protobuf's classes behind the two functions that services need.
// Promises: bytes that are no message of that class end the call with an error, nothing else.
// Does not: serve the hot paths; those read and write their fields by hand (wire.ts).

type MessageClass<T> = { deserializeBinary(bytes: Uint8Array): T };

/** A codec that reads messages of a generated class. */
export const reading =
  <T>(message: MessageClass<T>) =>
  (bytes: Buffer): T =>
    message.deserializeBinary(bytes);

export const encode = (message: { serializeBinary(): Uint8Array }): Buffer => Buffer.from(message.serializeBinary());
