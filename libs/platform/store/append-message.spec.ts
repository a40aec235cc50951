import * as fc from 'fast-check';
import { AllStreamPosition, Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { readAnswer } from './append-message';

const ID = 'b5a1e6c0-7d5e-4f0a-8c3e-';

type Shape = Readonly<{ number: number; structured: boolean; revision: bigint | 'none'; position: bigint | 'none'; named: boolean }>;
function answer({ number, structured, revision, position, named }: Shape): Buffer {
  const response = new BatchAppendResp();
  const id = new UUID();
  if (structured) id.setStructured(new UUID.Structured().setMostSignificantBits('-5').setLeastSignificantBits(String(number)));
  else id.setString(ID + number.toString(16).padStart(12, '0'));
  const success = new BatchAppendResp.Success();
  if (revision === 'none') success.setNoStream(new Empty());
  else success.setCurrentRevision(String(revision));
  if (position === 'none') success.setNoPosition(new Empty());
  else success.setPosition(new AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position)));
  if (named) response.setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from('facility-haifa')));
  return Buffer.from(response.setCorrelationId(id).setSuccess(success).serializeBinary());
}

const long = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const shapes: fc.Arbitrary<Shape> = fc.record({
  number: fc.nat(2 ** 31 - 1),
  structured: fc.boolean(),
  revision: fc.oneof(long, fc.constant('none' as const)),
  position: fc.oneof(long, fc.constant('none' as const)),
  named: fc.boolean(),
});
const orNone = (value: bigint | 'none') => (value === 'none' ? -1n : value);
const none = () => 'a-stream';

test('an answer says which append was written, and where', () =>
  fc.assert(
    fc.property(shapes, (shape) => {
      expect(readAnswer(answer(shape), none)).toEqual({
        number: shape.number,
        outcome: { revision: orNone(shape.revision), position: orNone(shape.position) },
      });
    }),
  ));

test('a truncated or garbled answer is decoded or rejected at once: decoding never hangs', () =>
  fc.assert(
    fc.property(shapes, fc.nat(), fc.nat(255), (shape, place, byte) => {
      const bytes = answer(shape);
      const garbled = Buffer.from(bytes);
      garbled[place % bytes.length] = byte;
      for (const wrong of [bytes.subarray(0, place % bytes.length), garbled]) {
        try {
          expect(readAnswer(wrong, none).outcome).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
    }),
  ));

test('an answer with an error is a failed append', () => {
  const response = new BatchAppendResp()
    .setCorrelationId(new UUID().setString(`${ID}000000000007`))
    .setError(new Status().setMessage('no'));
  expect(readAnswer(Buffer.from(response.serializeBinary()), none)).toEqual({ number: 7, outcome: new Error('no') });
});
