/**
 * GraphQL answers that are behind. Hides: where this is stored until the answer is sent. Promises: an answer that does not yet reflect its
 * `waitFor` says so in `extensions.behind`, field by field, and in the header `x-behind`, whatever fields were selected. Does not: wait.
 */
import type { FastifyReply } from 'fastify';

/** The position that a resolver did not reach; `field` is the query's name. */
export type Behind = Readonly<{ field: string; position: string }>;
/** Resolvers and hooks get copies of the context, with the same reply. */
export type GraphqlContext = Readonly<{ reply?: FastifyReply }>;

const kept = new WeakMap<FastifyReply, Behind[]>();

/** Resolvers call it with their answer, and get it back. */
export function noteBehind<Answer extends Readonly<{ position: string; behind: boolean }>>(
  { reply }: GraphqlContext,
  field: string,
  answer: Answer,
): Answer {
  if (answer.behind && reply) kept.set(reply, [...(kept.get(reply) ?? []), { field, position: answer.position }]);
  return answer;
}

/** Called after an operation was executed, before its answer is sent. */
export function addBehind(execution: { extensions?: Record<string, unknown> }, { reply }: GraphqlContext): void {
  const behind = reply && kept.get(reply);
  if (!behind) return;
  execution.extensions = { ...execution.extensions, behind };
  reply.header('x-behind', 'true');
}
