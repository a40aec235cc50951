/**
 * Errors as clients see them: problem+json (RFC 9457) with a permanent code and what to do. Hides: which layer failed.
 * Promises: nothing internal leaks; the same problem in REST and GraphQL. Does not: log (the filter does), or list
 * the codes: each is made where it is found out; docs/generated/problems.md lists them.
 */
import { Rejected } from '#kernel/rejected';

export type FieldFault = Readonly<{ field: string; message: string }>;

/** A failure with an HTTP status, a permanent kebab-case code, and what the caller can do. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: Readonly<{
      whatToDo?: string;
      retryAfterSeconds?: number;
      facts?: Readonly<Record<string, unknown>>;
      errors?: readonly FieldFault[];
    }> = {},
  ) {
    super(message);
    this.name = 'Problem';
  }
}

export const notFound = (): Problem =>
  new Problem(404, 'not-found', 'Nothing has this id, or it is outside your facilities.', { whatToDo: 'Check the id.' });

/** Faults that are named in one answer: it must not be many times larger than the request. */
const MOST_FAULTS = 50;

/** 400 with the first faults; `where` says what they are in. */
export function invalidInput(faults: readonly FieldFault[], where: 'fields' | 'parameters' = 'parameters'): Problem {
  const errors = faults.slice(0, MOST_FAULTS);
  const detail = errors.map(({ message }) => message).join('; ');
  return new Problem(400, 'invalid-input', detail.slice(0, 500), { errors, whatToDo: `Correct the ${where} named in errors.` });
}

/** Refuses parameters of other names: a misspelt filter must not be ignored. */
export function refuseUnknown(asked: Readonly<Record<string, unknown>>, ...known: readonly string[]): void {
  const unknown = Object.keys(asked)
    .filter((name) => !known.includes(name))
    .slice(0, MOST_FAULTS);
  if (unknown.length > 0)
    throw invalidInput(
      unknown.map((field) => ({ field, message: `Unknown parameter \`${field.slice(0, 64)}\`; known: ${known.join(', ')}` })),
    );
}

const title = (code: string) => code[0]!.toUpperCase() + code.slice(1).replaceAll('-', ' ');

/** RFC 9457 body. `type` is a URN: it identifies, and resolves to nothing. */
export function problemBody(problem: Problem, correlationId: string | undefined) {
  const { whatToDo, facts, errors, retryAfterSeconds } = problem.extra;
  return {
    type: `urn:problem:${problem.code}`,
    title: title(problem.code),
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    ...(whatToDo ? { whatToDo } : {}),
    ...(facts && Object.keys(facts).length ? { facts } : {}),
    ...(errors ? { errors } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(correlationId ? { correlationId } : {}),
  };
}

/** A rule's refusal as the client sees it: 404 where the aggregate itself does not exist, else 422. */
export const problemOf = (rejected: Rejected, category?: string): Problem =>
  rejected.code === `${category}-unknown`
    ? notFound()
    : new Problem(422, rejected.code, rejected.message, {
        facts: rejected.facts,
        whatToDo: 'The command was refused and changed nothing; correct it and send it with a new command id.',
      });
