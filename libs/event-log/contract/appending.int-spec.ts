import {
  ANY,
  binaryEvent,
  type EventData,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { AppendReq, BatchAppendReq, type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { Empty, StreamIdentifier, UUID, WrongExpectedVersion } from '@eventstore/db-client/generated/shared_pb';
import { status } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { WireWriter } from '../bytes/protobuf';
import { deadline, exchange, upload } from './raw';
import { admin, all, contract, events, fresh, ours } from './server-under-test';

/** BatchAppend requires google.protobuf.Empty, which is the same on the wire. */
const nothing = new Empty() as never;

const identifier = (stream: string) => new StreamIdentifier().setStreamName(Buffer.from(stream));

/** The official client appends over one shared BatchAppend stream, and over Append if the call has its own credentials. */
const ways = [
  ['BatchAppend', {}],
  ['Append', { credentials: admin }],
] as const;

const options = (stream: string, expected: (options: AppendReq.Options) => AppendReq.Options) =>
  new AppendReq().setOptions(expected(new AppendReq.Options().setStreamIdentifier(identifier(stream))));

const proposed = (id: string, metadata: Record<string, string> = { type: 'test', 'content-type': 'application/json' }, data = '{}') => {
  const message = new AppendReq.ProposedMessage()
    .setId(new UUID().setString(id))
    .setData(Buffer.from(data))
    .setCustomMetadata(Buffer.alloc(0));
  for (const [key, value] of Object.entries(metadata)) message.getMetadataMap().set(key, value);
  return new AppendReq().setProposedMessage(message);
};

const batch = (
  stream: string,
  expected: (options: BatchAppendReq.Options) => BatchAppendReq.Options,
  ids: readonly string[],
  correlation = randomUUID(),
) => {
  const request = new BatchAppendReq()
    .setCorrelationId(new UUID().setString(correlation))
    .setOptions(expected(new BatchAppendReq.Options().setStreamIdentifier(identifier(stream))))
    .setIsFinal(true);
  for (const id of ids) {
    const message = new BatchAppendReq.ProposedMessage().setId(new UUID().setString(id)).setData(Buffer.from('{}'));
    message.getMetadataMap().set('type', 'test').set('content-type', 'application/json');
    request.addProposedMessages(message);
  }
  return request;
};

contract('appending', (server) => {
  describe.each(ways)('by %s', (_way, how) => {
    const append = (
      stream: string,
      data: EventData | EventData[],
      expectedRevision: 'any' | 'no_stream' | 'stream_exists' | bigint = ANY,
    ) =>
      server()
        .client()
        .appendToStream(stream, data, { expectedRevision, ...how });

    it('answers the last revision and its position', async () => {
      const stream = fresh('order');
      const first = await append(stream, events(3));
      expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
      const second = await append(stream, events(1));
      expect(second.nextExpectedRevision).toBe(3n);
      expect(second.position!.commit).toBeGreaterThan(first.position!.commit);
    });

    it('keeps data, metadata, type, id and content type unchanged', async () => {
      const [stream, id] = [fresh('order'), randomUUID()];
      const bytes = Buffer.from([0, 255, 10, 13, 128]);
      await append(stream, [
        jsonEvent({ id, type: 'Grüße', data: { text: 'CC ‐ 1830 🏭' }, metadata: { $correlationId: 'c', who: 'ada' } }),
        binaryEvent({ type: 'bytes', data: bytes, metadata: Buffer.from('plain') }),
      ]);
      const [json, binary] = await all(server().client().readStream(stream));
      expect(json!.event).toMatchObject({
        id,
        type: 'Grüße',
        data: { text: 'CC ‐ 1830 🏭' },
        metadata: { $correlationId: 'c', who: 'ada' },
        isJson: true,
        revision: 0n,
      });
      expect(binary!.event).toMatchObject({ type: 'bytes', isJson: false, revision: 1n });
      expect(Buffer.from(binary!.event!.data as Uint8Array)).toEqual(bytes);
      expect(Math.abs(Date.now() - json!.event!.created.getTime())).toBeLessThan(60_000);
    });

    it.each([
      ['no_stream', NO_STREAM, 0n, { expectedVersion: 'no_stream', actualVersion: 1n }],
      ['a revision that is behind', 0n, 0n, { expectedVersion: 0n, actualVersion: 1n }],
      ['a revision that is ahead', 7n, 0n, { expectedVersion: 7n, actualVersion: 1n }],
    ] as const)('refuses %s on a stream of two events', async (_title, expected, _unused, error) => {
      const stream = fresh('order');
      await append(stream, events(2));
      const refused = append(stream, events(1), expected);
      await expect(refused).rejects.toThrow(WrongExpectedVersionError);
      await expect(refused).rejects.toMatchObject({ type: 'wrong-expected-version', streamName: stream, ...error });
    });

    it.each([
      ['stream_exists', STREAM_EXISTS],
      ['a revision', 1n],
    ] as const)('refuses %s if the stream does not exist', async (_title, expected) => {
      const stream = fresh('missing');
      await expect(append(stream, events(1), expected)).rejects.toMatchObject({
        type: 'wrong-expected-version',
        streamName: stream,
        expectedVersion: expected,
        actualVersion: 'no_stream',
      });
    });

    it('accepts the current revision, no_stream for a missing stream, and stream_exists for an existing one', async () => {
      const stream = fresh('order');
      expect((await append(stream, events(1), NO_STREAM)).nextExpectedRevision).toBe(0n);
      expect((await append(stream, events(2), 0n)).nextExpectedRevision).toBe(2n);
      expect((await append(stream, events(1), STREAM_EXISTS)).nextExpectedRevision).toBe(3n);
    });

    it('writes all events of an append or none', async () => {
      const stream = fresh('order');
      await append(stream, events(2));
      await append(stream, events(5), 0n).catch(() => undefined);
      expect(await all(server().client().readStream(stream))).toHaveLength(2);
    });

    it.each([ANY, STREAM_EXISTS] as const)('answers a repeated append with %s like the first one, and writes nothing', async (expected) => {
      const stream = fresh('order');
      await append(stream, events(1));
      const data = events(3);
      const first = await append(stream, data, expected);
      await append(stream, events(1));
      const again = await append(stream, data, expected);
      expect(again.nextExpectedRevision).toBe(first.nextExpectedRevision);
      expect(again.position).toEqual(first.position);
      expect(await all(server().client().readStream(stream))).toHaveLength(5);
    });

    it('answers a repeated append with an explicit revision like the first one', async () => {
      const stream = fresh('order');
      await append(stream, events(1));
      const data = events(3);
      const first = await append(stream, data, 0n);
      await append(stream, events(1));
      expect((await append(stream, data, 0n)).nextExpectedRevision).toBe(first.nextExpectedRevision);
      expect((await append(stream, data.slice(0, 2), 0n)).nextExpectedRevision).toBe(2n);
      expect(await all(server().client().readStream(stream))).toHaveLength(5);
    });

    it('answers a repeated first append with no_stream like the first one', async () => {
      const stream = fresh('order');
      const data = events(2);
      await append(stream, data, NO_STREAM);
      expect((await append(stream, data, NO_STREAM)).nextExpectedRevision).toBe(1n);
    });

    it('refuses a repetition that is followed by new events', async () => {
      const stream = fresh('order');
      const data = events(2);
      await append(stream, data);
      await expect(append(stream, [...data, ...events(1)])).rejects.toThrow(WrongExpectedVersionError);
    });

    it('refuses other events at a revision that is taken', async () => {
      const stream = fresh('order');
      const [first, ...rest] = events(3);
      await append(stream, [first!, ...rest]);
      await expect(append(stream, [first!, ...events(1)], NO_STREAM)).rejects.toThrow(WrongExpectedVersionError);
    });

    it('appends again at the current revision, although the id is known', async () => {
      const stream = fresh('order');
      const data = events(1);
      await append(stream, data, NO_STREAM);
      expect((await append(stream, data, 0n)).nextExpectedRevision).toBe(1n);
    });

    it('refuses an append that is too large, and names the limit', async () => {
      const stream = fresh('order');
      const big = Array.from({ length: 12 }, () => binaryEvent({ type: 'big', data: Buffer.alloc(100_000) }));
      const refused = append(stream, big);
      await expect(refused).rejects.toThrow(MaxAppendSizeExceededError);
      await expect(refused).rejects.toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 1_048_576 });
      expect((await append(stream, big.slice(0, 10))).nextExpectedRevision).toBe(9n);
    });

    it('refuses a tombstoned stream', async () => {
      const stream = fresh('order');
      await append(stream, events(1));
      await server().client().tombstoneStream(stream);
      const refused = append(stream, events(1));
      await expect(refused).rejects.toThrow(StreamDeletedError);
      await expect(refused).rejects.toMatchObject({ type: 'stream-deleted', streamName: stream });
    });

    it('accepts names of streams in any script', async () => {
      const stream = `어학연구소/0️⃣/${fresh('ด้้้้้')}`;
      expect((await append(stream, events(1))).nextExpectedRevision).toBe(0n);
      await expect(append(stream, events(1), NO_STREAM)).rejects.toMatchObject({ streamName: stream });
    });

    it('keeps the order of many concurrent appends', async () => {
      const stream = fresh('order');
      const results = await Promise.all(Array.from({ length: 100 }, (_, index) => append(stream, events(1, 'test', index))));
      expect(results.map(({ nextExpectedRevision }) => nextExpectedRevision).sort((a, b) => Number(a - b))).toEqual(
        Array.from({ length: 100 }, (_, index) => BigInt(index)),
      );
    });
  });

  it('answers WrongExpectedVersion on Append inside an OK answer', async () => {
    const stream = fresh('order');
    await server().client().appendToStream(stream, events(2));
    const client = server().raw(StreamsClient);
    const ended = await upload(client.append.bind(client), server().as(), [
      options(stream, (o) => o.setRevision('0')),
      proposed(randomUUID()),
    ]);
    expect(ended.code).toBe(status.OK);
    const wrong = ended.answers[0]!.getWrongExpectedVersion()!;
    expect(wrong.getCurrentRevision()).toBe('1');
    expect(wrong.getExpectedRevision()).toBe('0');
    const missing = await upload(client.append.bind(client), server().as(), [
      options(fresh('missing'), (o) => o.setStreamExists(new Empty())),
      proposed(randomUUID()),
    ]);
    expect(missing.answers[0]!.getWrongExpectedVersion()!.hasCurrentNoStream()).toBe(true);
    expect(missing.answers[0]!.getWrongExpectedVersion()!.hasExpectedStreamExists()).toBe(true);
  });

  it('answers an empty append to a missing stream with no_stream', async () => {
    const client = server().raw(StreamsClient);
    const ended = await upload(client.append.bind(client), server().as(), [options(fresh('missing'), (o) => o.setAny(new Empty()))]);
    expect(ended.answers[0]!.getSuccess()!.hasNoStream()).toBe(true);
  });

  it.each([
    ['type', { 'content-type': 'application/json' }],
    ['content-type', { type: 'test' }],
  ])('refuses an event without %s', async (missing, metadata) => {
    const client = server().raw(StreamsClient);
    const ended = await upload(client.append.bind(client), server().as(), [
      options(fresh('order'), (o) => o.setAny(new Empty())),
      proposed(randomUUID(), metadata as unknown as Record<string, string>),
    ]);
    expect(ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: `Required Metadata Property '${missing}' is missing`,
      trailers: { exception: 'missing-required-metadata-property', 'required-metadata-properties': 'type,content-type' },
    });
  });

  it('answers each batch once, with its correlation id and stream, in success and in error', async () => {
    const client = server().raw(StreamsClient);
    const [stream, missing] = [fresh('order'), fresh('missing')];
    const correlations = [randomUUID(), randomUUID(), randomUUID()];
    const ended = await exchange(
      client.batchAppend(server().as(), deadline()),
      [
        batch(stream, (o) => o.setAny(nothing), [randomUUID(), randomUUID()], correlations[0]),
        batch(missing, (o) => o.setStreamExists(nothing), [randomUUID()], correlations[1]),
        batch(stream, (o) => o.setStreamPosition('7'), [randomUUID()], correlations[2]),
      ],
      3,
    );
    const byCorrelation = new Map<string, BatchAppendResp>(ended.answers.map((answer) => [answer.getCorrelationId()!.getString(), answer]));
    expect([...byCorrelation.keys()].sort()).toEqual([...correlations].sort());
    const written = byCorrelation.get(correlations[0]!)!;
    expect(written.getSuccess()!.getCurrentRevision()).toBe('1');
    expect(written.getSuccess()!.hasPosition()).toBe(true);
    expect(Buffer.from(written.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe(stream);
    for (const [index, check] of [
      [1, (wrong: WrongExpectedVersion) => expect([wrong.hasCurrentNoStream(), wrong.hasExpectedStreamExists()]).toEqual([true, true])],
      [
        2,
        (wrong: WrongExpectedVersion) => expect([wrong.getCurrentStreamRevision(), wrong.getExpectedStreamPosition()]).toEqual(['1', '7']),
      ],
    ] as const) {
      const refused = byCorrelation.get(correlations[index]!)!.getError()!;
      expect(refused.getCode()).toBe(status.ALREADY_EXISTS);
      expect(refused.getDetails()!.getTypeName()).toBe('event_store.client.WrongExpectedVersion');
      check(WrongExpectedVersion.deserializeBinary(refused.getDetails()!.getValue_asU8()));
    }
  });

  ours.it('writes nothing that comes after a batch that ends the call', 'the original continues the call', async () => {
    const client = server().raw(StreamsClient);
    const stream = fresh('order');
    const nowhere = batch(stream, (o) => o.setAny(nothing), [randomUUID()]);
    nowhere.clearOptions();
    const good = () => batch(stream, (o) => o.setAny(nothing), [randomUUID()]);
    const ended = await exchange(client.batchAppend(server().as(), deadline()), [nowhere, ...Array.from({ length: 50 }, good)]);
    expect([ended.code, ended.answers]).toEqual([status.INVALID_ARGUMENT, []]);
    await server().client().appendToStream(fresh('order'), events(1));
    await expect(all(server().client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('answers a batch whose deadline has passed as timed out', async () => {
    const client = server().raw(StreamsClient);
    const past = new WireWriter().message(6, new WireWriter().uint(1, Math.floor(Date.now() / 1_000) - 60)).finish();
    const expired = BatchAppendReq.Options.deserializeBinary(past).getDeadline();
    const request = batch(fresh('order'), (o) => o.setAny(nothing).setDeadline(expired), [randomUUID()]);
    const ended = await exchange(client.batchAppend(server().as(), deadline()), [request], 1);
    expect(ended.answers[0]!.getError()!.getCode()).toBe(status.DEADLINE_EXCEEDED);
  });

  it('accepts a batch in several parts', async () => {
    const stream = fresh('order');
    const result = await server().client().appendToStream(stream, events(2_000), { batchAppendSize: 1_024 });
    expect(result.nextExpectedRevision).toBe(1_999n);
    expect(await all(server().client().readStream(stream))).toHaveLength(2_000);
  });

  it('accepts structured ids and returns them as event ids', async () => {
    const client = server().raw(StreamsClient);
    const stream = fresh('order');
    const message = proposed(randomUUID());
    message
      .getProposedMessage()!
      .setId(
        new UUID().setStructured(
          new UUID.Structured().setMostSignificantBits('81985529216486895').setLeastSignificantBits('-81985529216486896'),
        ),
      );
    const ended = await upload(client.append.bind(client), server().as(), [options(stream, (o) => o.setAny(new Empty())), message]);
    expect(ended.code).toBe(status.OK);
    const [found] = await all(server().client().readStream(stream));
    expect(found!.event!.id).toBe('01234567-89ab-cdef-fedc-ba9876543210');
  });
});
