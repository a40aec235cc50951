/**
 * Hides: what grpc-js does not show of a call (1.14, pinned): the HTTP/2 stream under it, behind its interceptors.
 * Promises: where the inside looks different, a call is served all the same, only slower.
 * Does not: read or write messages.
 */
import type { Http2Session, ServerHttp2Stream } from 'node:http2';

type Inside = { nextCall?: Inside; stream?: ServerHttp2Stream; maybeSendMetadata?: () => void };

/** The innermost of a call's interceptors, which holds its stream. */
export function insideOf(call: object): Inside | undefined {
  return innermost((call as { call?: Inside }).call);
}

/** The connection of a call, as seen by an interceptor of the server; without a look inside all calls count as of one connection. */
export function connectionOf(interceptor: object): object {
  return innermost(interceptor as Inside)?.stream?.session ?? onlyConnection;
}
const onlyConnection = {};

function innermost(inside: Inside | undefined): Inside | undefined {
  while (inside && !inside.stream) inside = inside.nextCall;
  return inside;
}

/** True where the client broke the call off: its messages end then as those of a finished call do. */
export function brokenOff(call: { readonly cancelled: boolean }): boolean {
  const stream = insideOf(call)?.stream;
  return call.cancelled || (stream !== undefined && (stream.destroyed || (stream.closed && stream.rstCode !== 0)));
}

/** Bytes that a client may send before it is told that they were read: as the original's web server has it. */
const STREAM_WINDOW = 768 * 1024;
const CONNECTION_WINDOW = 1024 * 1024;
const widened = new WeakSet<Http2Session>();

/** Lets the connection of a call carry more at once than HTTP/2's 64 KiB: on a line with 50 ms there and back those are 1.3 MB a second. */
export function widen(call: object): void {
  const session = insideOf(call)?.stream?.session;
  if (!session || widened.has(session)) return;
  widened.add(session);
  session.setLocalWindowSize(CONNECTION_WINDOW);
  session.settings({ initialWindowSize: STREAM_WINDOW });
}
