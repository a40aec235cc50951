// Hides: the requests of event_store.client.streams as the generated classes build them, for calls that the official client never makes.
// Promises: valid requests unless the caller changes them. Does not: send.

import { AppendReq, ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { randomUUID } from 'node:crypto';

export const identifier = (stream: string | Buffer) => new StreamIdentifier().setStreamName(Buffer.from(stream as string));

export const append = (target: (options: AppendReq.Options) => AppendReq.Options) =>
  new AppendReq().setOptions(target(new AppendReq.Options().setAny(new Empty())));
export const proposed = (id: UUID | undefined, type = 'test') => {
  const message = new AppendReq.ProposedMessage().setId(id).setData(Buffer.from('{}'));
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return new AppendReq().setProposedMessage(message);
};
export const uuid = () => new UUID().setString(randomUUID());

export const read = (change: (options: ReadReq.Options) => ReadReq.Options) =>
  new ReadReq().setOptions(
    change(
      new ReadReq.Options()
        .setAll(new ReadReq.Options.AllOptions().setStart(new Empty()))
        .setCount('10')
        .setNoFilter(new Empty())
        .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty())),
    ),
  );

export const ofStream = (stream: string | Buffer, revision?: string) => {
  const options = new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(stream));
  return revision === undefined ? options.setStart(new Empty()) : options.setRevision(revision);
};
