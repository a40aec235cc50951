import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import fc from 'fast-check';
import { decodeReadResponse, LogEvent } from './log-event';

type Wire = {
  position: bigint;
  revision: bigint;
  stream: string;
  type: string;
  data: object;
  metadata: object | null;
  structured: boolean;
};
const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

function encode(wire: Wire): Buffer {
  const record = new ReadResp.ReadEvent.RecordedEvent();
  const id = new UUID();
  if (wire.structured) {
    const structured = new UUID.Structured();
    structured.setMostSignificantBits(BigInt.asIntN(64, BigInt(`0x${ID.replaceAll('-', '').slice(0, 16)}`)).toString());
    structured.setLeastSignificantBits(BigInt.asIntN(64, BigInt(`0x${ID.replaceAll('-', '').slice(16)}`)).toString());
    id.setStructured(structured);
  } else id.setString(ID);
  record.setId(id);
  const stream = new StreamIdentifier();
  stream.setStreamName(Buffer.from(wire.stream));
  record.setStreamIdentifier(stream);
  record.setStreamRevision(wire.revision.toString());
  record.setPreparePosition(wire.position.toString());
  record.setCommitPosition(wire.position.toString());
  record.getMetadataMap().set('type', wire.type).set('created', '17690000001230000').set('content-type', 'application/json');
  if (wire.metadata) record.setCustomMetadata(Buffer.from(JSON.stringify(wire.metadata)));
  record.setData(Buffer.from(JSON.stringify(wire.data)));
  const event = new ReadResp.ReadEvent();
  event.setEvent(record);
  event.setCommitPosition(wire.position.toString());
  const response = new ReadResp();
  response.setEvent(event);
  return Buffer.from(response.serializeBinary());
}

const around = (n: bigint) => fc.bigInt({ min: n - 2n, max: n + 2n });
const position = fc.oneof(
  fc.bigInt({ min: 0n, max: 300n }),
  around(2n ** 28n),
  around(2n ** 31n),
  around(2n ** 53n),
  fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n - 1n }),
);

test('reads what the official client writes, with positions exact beyond 2^53', () => {
  fc.assert(
    fc.property(
      position,
      position,
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
      fc.string({ minLength: 1 }),
      fc.object(),
      fc.boolean(),
      (position, revision, stream, type, data, structured) => {
        const plain = JSON.parse(JSON.stringify(data)) as object;
        const event = decodeReadResponse(
          encode({ position, revision, stream, type, data: plain, metadata: { schema: 1, actor: 'ann' }, structured }),
        ) as LogEvent;
        const { metadata, ...recorded } = Object.assign(Object.create(null) as object, event.recorded({}), {
          metadata: event.recorded({}).metadata,
        });
        expect({ ...recorded, metadata }).toEqual({
          id: ID,
          position,
          revision,
          stream,
          type,
          data: plain,
          metadata: { schema: 1, actor: 'ann' },
          recordedAt: '2026-01-21T12:53:20.123Z',
        });
      },
    ),
  );
});

test('applies upcasts, and accepts missing metadata', () => {
  const wire = { position: 1n, revision: 0n, stream: 'lot-haifa.L1', type: 'LotMoved', data: { to: 'A' }, structured: false };
  const lifts = { LotMoved: [(data: { to: string }) => ({ place: data.to })] };
  expect((decodeReadResponse(encode({ ...wire, metadata: null })) as LogEvent).recorded(lifts).data).toEqual({ place: 'A' });
  expect((decodeReadResponse(encode({ ...wire, metadata: { schema: 2 } })) as LogEvent).recorded(lifts).data).toEqual({ to: 'A' });
});

test('invalid JSON in the data throws when the data are accessed, not when the event is read', () => {
  const bytes = encode({ position: 1n, revision: 0n, stream: 's', type: 'T', data: { long: 'x' }, metadata: null, structured: false });
  bytes.write('#', bytes.indexOf('{"long'));
  const event = decodeReadResponse(bytes) as LogEvent;
  expect(event.type).toBe('T');
  expect(() => event.recorded({})).toThrow(SyntaxError);
});

test('recognises the other messages of a read', () => {
  const confirmed = new ReadResp();
  confirmed.setConfirmation(new ReadResp.SubscriptionConfirmation());
  const missing = new ReadResp();
  missing.setStreamNotFound(new ReadResp.StreamNotFound());
  const caughtUp = new ReadResp();
  caughtUp.setCaughtUp(new ReadResp.CaughtUp());
  expect([confirmed, missing, caughtUp].map((message) => decodeReadResponse(Buffer.from(message.serializeBinary())))).toEqual([
    'confirmation',
    'not-found',
    'other',
  ]);
});
