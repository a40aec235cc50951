/**
 * Calls of the api, typed by its own OpenAPI document. Hides: the token, the correlation of answers with the server's clock. Promises: an answer says
 * how old it is and at which position of the log; a problem is thrown as Refused, silence as Unanswered. Does not: repeat (query.ts, command.ts).
 */
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/api';
import { WAITING } from './generated/roles';
import { currentToken, leave } from '../session/session';
import { heardFrom, serverNow } from '../session/clock';

export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];
type WithMethod<Method extends string> = {
  [Path in keyof paths]: paths[Path] extends Record<Method, { responses: object }> ? Path : never;
}[keyof paths];
export type GetPath = WithMethod<'get'>;
export type PostPath = WithMethod<'post'>;
type Operation<Path extends keyof paths, Method extends string> = paths[Path] extends Record<Method, infer Op> ? Op : never;
/** What an operation answers. */
export type Body<Path extends keyof paths, Method extends 'get' | 'post' = 'get'> =
  Operation<Path, Method> extends { responses: { 200: { content: { 'application/json': infer Json } } } }
    ? Json
    : Operation<Path, Method> extends { responses: { 201: { content: { 'application/json': infer Json } } } }
      ? Json
      : never;
/** What a command takes. */
export type Input<Path extends PostPath> =
  Operation<Path, 'post'> extends { requestBody: { content: { 'application/json': infer Json } } } ? Json : never;
type Parameters<Path extends GetPath> = Operation<Path, 'get'> extends { parameters: infer P } ? P : never;
export type Question<Path extends GetPath> = Parameters<Path> extends { query?: infer Query } ? NonNullable<Query> : never;
export type Place<Path extends GetPath> = Parameters<Path> extends { path: infer Names } ? Names : undefined;

/** An answer to a read, and what it reflects. */
export type Answer<Data> = Readonly<{
  data: Data;
  /** By the server's clock, milliseconds since 1970. */
  asOf: number;
  /** Position of the log; absent where a read reflects none. */
  position?: string;
  behind: boolean;
}>;

/** A problem that the api answered. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  /** Sending the same again may help. */
  get isPassing(): boolean {
    return this.problem.status >= 500 || this.problem.status === 429;
  }
}

/** No answer: whether the request took effect is unknown. */
export class Unanswered extends Error {}

const client = createClient<paths>({ baseUrl: location.origin, querySerializer: { array: { style: 'form', explode: false } } });
client.use({
  onRequest({ request }) {
    const token = currentToken();
    if (token) request.headers.set('authorization', `Bearer ${token}`);
    return request;
  },
});

type Raw = Promise<{ data?: unknown; error?: unknown; response: Response }>;
type Call = (path: string, options: object) => Raw;

async function answered(raw: Raw): Promise<{ data: unknown; response: Response }> {
  const { data, error, response } = await raw.catch((cause: Error) => {
    throw cause.name === 'AbortError' ? cause : new Unanswered(cause.message);
  });
  heardFrom(response.headers.get('date'));
  if (response.ok) return { data, response };
  const { status } = response;
  if (status === 401) leave('ended');
  const problem = (typeof error === 'object' && error !== null ? error : {}) as Partial<Problem>;
  throw new Refused({ type: '', title: '', code: `http-${status}`, detail: `HTTP ${status}`, ...problem, status });
}

/** The newest receipt's token: reads wait for it, so that they show what was just done. */
let newest: { token: string; until: number } | undefined;
const WAIT_MS = 30_000;

export function waitForReceipt(token: string): void {
  newest = { token, until: performance.now() + WAIT_MS };
}

export async function get<Path extends GetPath>(
  path: Path,
  { query, place, signal }: { query?: object; place?: object; signal?: AbortSignal },
): Promise<Answer<Body<Path>>> {
  const waitFor = newest && performance.now() < newest.until && WAITING.has(path) ? { waitFor: newest.token } : {};
  const options = { params: { query: { ...query, ...waitFor }, path: place }, signal };
  const { data, response } = await answered((client.GET as unknown as Call)(path, options));
  const page = data as { position?: unknown; behind?: unknown };
  const position = response.headers.get('x-position') ?? (typeof page?.position === 'string' ? page.position : undefined);
  return {
    data: data as Body<Path>,
    asOf: Date.parse(response.headers.get('date') ?? '') || serverNow(),
    position,
    behind: response.headers.get('x-behind') === 'true' || page?.behind === true,
  };
}

export async function post<Path extends PostPath>(path: Path, body: Input<Path>, id: string): Promise<Body<Path, 'post'>> {
  const options = { body, params: { header: { 'Idempotency-Key': id } } };
  const { data } = await answered((client.POST as unknown as Call)(path, options));
  return data as Body<Path, 'post'>;
}
