/**
 * Hides: private parts of a grpc-js call (1.14, pinned): the HTTP/2 stream behind its interceptors. Promises: if those parts change, a call
 * is still served, only slower. Does not: read or write messages.
 */
import type { Http2Session, ServerHttp2Stream } from 'node:http2';

type Inside = { nextCall?: Inside; stream?: ServerHttp2Stream; maybeSendMetadata?: () => void };

/** The innermost of a call's interceptors, which holds its stream. */
export function insideOf(call: object): Inside | undefined {
  return innermost((call as { call?: Inside }).call);
}

/** The connection of a call, as seen by a server interceptor; if it cannot be found, all calls count as one connection. */
export function connectionOf(interceptor: object): object {
  return innermost(interceptor as Inside)?.stream?.session ?? onlyConnection;
}
const onlyConnection = {};

/** The stream of a call, as seen by a server interceptor. */
export const streamOf = (interceptor: object): ServerHttp2Stream | undefined => innermost(interceptor as Inside)?.stream;

function innermost(inside: Inside | undefined): Inside | undefined {
  while (inside && !inside.stream) inside = inside.nextCall;
  return inside;
}

/** True if the client aborted the call: its messages then end like those of a finished call. */
export function brokenOff(call: { readonly cancelled: boolean }): boolean {
  const stream = insideOf(call)?.stream;
  return call.cancelled || (stream !== undefined && (stream.destroyed || (stream.closed && stream.rstCode !== 0)));
}

/** Bytes that a client may send before they are acknowledged as read: the same as the original's web server. */
const STREAM_WINDOW = 768 * 1024;
const CONNECTION_WINDOW = 1024 * 1024;
const widened = new WeakSet<Http2Session>();

/** Raises the flow-control window of a call's connection above HTTP/2's 64 KiB, which limit a line with 50 ms round trip to 1.3 MB a second. */
export function widen(call: object): void {
  const session = insideOf(call)?.stream?.session;
  if (!session || widened.has(session)) return;
  widened.add(session);
  session.setLocalWindowSize(CONNECTION_WINDOW);
  session.settings({ initialWindowSize: STREAM_WINDOW });
}
