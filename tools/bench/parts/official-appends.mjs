/**
 * Loaded before the api: appends as they were before it had a path of its own, by the official client's `appendToStream`. Only for measuring:
 * an append that fails because of another one, or is never answered, is not handled.
 */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { Conflict, EventStore } from '#platform/store/event-store';

const { ANY, jsonEvent, NO_STREAM, WrongExpectedVersionError } = createRequire(import.meta.url)('@eventstore/db-client');
const LIMIT_MS = 5_000;

EventStore.prototype.append = async function (stream, expected, events) {
  const expectedRevision = expected === 'any' ? ANY : expected < 0n ? NO_STREAM : expected;
  const encoded = events.map(({ type, data, metadata }) => jsonEvent({ id: randomUUID(), type, data, metadata }));
  const { client } = this.connection.standing ?? (await this.connection.get(LIMIT_MS));
  try {
    const { nextExpectedRevision, position } = await client.official.appendToStream(stream, encoded, { expectedRevision });
    return { revision: nextExpectedRevision, position: position?.commit ?? -1n, ids: encoded.map(({ id }) => id) };
  } catch (error) {
    if (!(error instanceof WrongExpectedVersionError)) throw error;
    throw new Conflict(stream, typeof error.actualVersion === 'bigint' ? error.actualVersion : -1n);
  }
};
