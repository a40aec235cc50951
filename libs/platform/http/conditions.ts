/**
 * The headers of a command: Idempotency-Key, If-Match, X-Clock-Source. Hides: their syntax. Promises: a header that contradicts
 * the body is refused. Does not: compare them with the stream; commands/verdict.ts answers 412 for a stale If-Match and 409 for a reused key.
 */
import type { FastifyRequest } from 'fastify';
import type { ClockSource } from '#kernel/event';
import { commandIdOf } from '#platform/commands/derived-ids';
import { Problem } from '#platform/problem/problem';

const PRINTABLE = /^[^\u0000-\u001f\u007f]{1,128}$/;

export const badHeader = (field: string, message: string): Problem =>
  new Problem(400, 'invalid-input', `${field} ${message}.`, { errors: [{ field, message }], whatToDo: 'Correct the header.' });

/** Whose clock `occurredAt` comes from. A sender cannot claim the server's. */
const isClock = (value: unknown): value is ClockSource => value === 'client' || value === 'device' || value === 'import';

/** Reads the headers of a POST into the request's context. @throws Problem 400 */
export function readConditions(request: FastifyRequest): void {
  const { headers, about, method } = request;
  if (method !== 'POST') return;
  const { body } = request;
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new Problem(400, 'invalid-input', 'The body must be a JSON object.', { whatToDo: 'Send the command as one JSON object.' });
  const clock = headers['x-clock-source'];
  if (clock !== undefined) {
    if (!isClock(clock)) throw badHeader('X-Clock-Source', 'must be client, device or import');
    about.clock = clock;
  }
  const key = headers['idempotency-key'];
  const match = headers['if-match'];
  if (key === undefined && match === undefined) return;
  if ('query' in body && request.routeOptions.url === '/graphql') {
    throw new Problem(400, 'invalid-input', 'The headers Idempotency-Key and If-Match do not apply to GraphQL.', {
      whatToDo: 'Use commandId and expectedRevision in the input instead.',
    });
  }
  const { commandId, expectedRevision } = body as { commandId?: unknown; expectedRevision?: unknown };
  if (key !== undefined) {
    if (typeof key !== 'string' || !PRINTABLE.test(key)) throw badHeader('Idempotency-Key', 'must be 1 to 128 printable characters');
    if (commandId !== undefined && commandId !== null && commandId !== key)
      throw badHeader('Idempotency-Key', 'differs from commandId in the body');
    // A key belongs to its caller: the same key from another caller is another command.
    if (about.principal) about.commandId = commandIdOf(`idempotency-key/${JSON.stringify([about.principal.actor, key])}`);
  }
  if (match !== undefined && match !== '*') {
    const [, revision] = /^"(-1|\d{1,19})"$/.exec(match) ?? [];
    if (revision === undefined) throw badHeader('If-Match', 'must be the ETag of an earlier answer, e.g. "7"');
    if (expectedRevision !== undefined && expectedRevision !== null && expectedRevision !== revision)
      throw badHeader('If-Match', 'differs from expectedRevision in the body');
    about.expectedRevision = revision;
  }
}
