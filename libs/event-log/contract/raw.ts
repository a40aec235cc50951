// Hides: the callbacks of grpc-js, for calls that the official client hides.
// Promises: every call ends within ten seconds, with its answers and its status.
// Does not: know any service.

import {
  type CallOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';

type Callback<A> = (error: ServiceError | null, answer: A) => void;

/** How a call ended: answers, status code, text and trailers. */
export type Ended<A> = Readonly<{ answers: A[]; code: status; details: string; trailers: Readonly<Record<string, string>> }>;

const limit = (): CallOptions => ({ deadline: Date.now() + 10_000 });

const trailersOf = (metadata: Metadata | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata?.getMap() ?? {}).map(([key, value]) => [key, String(value)]));

const failed = <A>(answers: A[], { code, details, metadata }: ServiceError): Ended<A> => ({
  answers,
  code,
  details,
  trailers: trailersOf(metadata),
});
const succeeded = <A>(answers: A[]): Ended<A> => ({ answers, code: status.OK, details: '', trailers: {} });

/** One request, one answer: `unary((...rest) => client.delete(request, ...rest), metadata)`. */
export const unary = <A>(
  start: (metadata: Metadata, options: CallOptions, callback: Callback<A>) => ClientUnaryCall,
  metadata: Metadata,
): Promise<Ended<A>> =>
  new Promise((resolve) => start(metadata, limit(), (error, answer) => resolve(error ? failed([], error) : succeeded([answer]))));

/** Many requests, one answer. */
export const upload = <R, A>(
  start: (metadata: Metadata, options: CallOptions, callback: Callback<A>) => ClientWritableStream<R>,
  metadata: Metadata,
  requests: readonly R[],
): Promise<Ended<A>> =>
  new Promise((resolve) => {
    const call = start(metadata, limit(), (error, answer) => resolve(error ? failed([], error) : succeeded([answer])));
    call.on('error', () => undefined);
    for (const request of requests) call.write(request);
    call.end();
  });

/** Reads until the call ends, or until `enough` answers came. */
export const download = <A>(call: ClientReadableStream<A>, enough = Infinity): Promise<Ended<A>> =>
  new Promise((resolve) => {
    const answers: A[] = [];
    call.on('data', (answer: A) => {
      answers.push(answer);
      if (answers.length < enough) return;
      call.cancel();
      resolve(succeeded(answers));
    });
    call.on('error', (error: ServiceError) => resolve(failed(answers, error)));
    call.on('end', () => setImmediate(() => resolve(succeeded(answers))));
  });

/** Sends, and reads until `enough` answers came or the call ends. */
export const exchange = <R, A>(
  call: ClientDuplexStream<R, A>,
  requests: readonly R[],
  enough = Infinity,
  half = false,
): Promise<Ended<A>> => {
  for (const request of requests) call.write(request);
  if (half) call.end();
  return download(call, enough);
};

export const deadline = limit;
