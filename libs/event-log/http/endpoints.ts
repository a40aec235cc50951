// Hides: the few HTTP/1.1 endpoints that clients and monitors use on the node's port.
// Promises: bounded bodies and headers; a POSTed event is durable before its 201.
// Does not: format events (streams.ts), serve AtomPub feeds or the original's admin pages.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Authentication } from '../security/authentication';
import type { Authorization } from '../security/authorization';
import { Fault, faultOf, unauthenticated } from '../wire/faults';
import type { NewEvent } from '../log/frame';
import { METRICS_TYPE } from './metrics';
import { showEvent, showPage } from './streams';
import { itemsOf, jsonOf, membersOf } from '../bytes/json-text';
import type { EventLog, ExpectedRevision } from '../log/log';
import { LogUnavailable, MAX_TYPE } from '../log/refusals';
import { randomUUIDBytes, uuidBytes } from '../bytes/uuid';
import { status } from '@grpc/grpc-js';

/** What the endpoints report about the node. */
export type HttpContext = Readonly<{
  log: EventLog;
  secure: boolean;
  version: string;
  authentication: Authentication;
  authorization: Authorization;
  /** Members as `/gossip` shows them. */
  gossip: () => unknown;
  /** Prometheus' text. */
  metrics: () => string;
  /** Whether a `Host` header names this node. */
  isOwnHost: (header: string | undefined) => boolean;
  stats: () => unknown;
  /** True from the moment the node begins to stop. */
  stopping: () => boolean;
}>;

type Answer = Readonly<{ code: number; reason?: string; body?: unknown; type?: string; headers?: Readonly<Record<string, string>> }>;
type Endpoint = (context: HttpContext, request: IncomingMessage, url: URL) => Promise<Answer> | Answer;

const maxBody = 16 * 1024 * 1024;

const whoIs = (context: HttpContext, request: IncomingMessage) =>
  context.secure
    ? context.authentication.identify(request.headers.authorization, request.socket)
    : Promise.resolve({ name: 'admin', groups: ['$admins'] });

/** Endpoints that reveal anything about the store require a user, as in the original since version 24. */
const forUsers =
  (answer: Endpoint): Endpoint =>
  async (context, request, url) => {
    if (!(await whoIs(context, request))) throw unauthenticated();
    return answer(context, request, url);
  };

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBody) throw new Fault(status.RESOURCE_EXHAUSTED, 'Request Entity Too Large');
    parts.push(part);
  }
  return Buffer.concat(parts);
};

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

const expectedOf = (text: string | undefined): ExpectedRevision => {
  if (text === undefined || text === '-2') return 'any';
  if (text === '-1') return 'no_stream';
  if (text === '-4') return 'stream_exists';
  if (!/^\d{1,19}$/.test(text)) throw new Fault(status.INVALID_ARGUMENT, `${text} in ES-ExpectedVersion is not valid.`);
  return BigInt(text);
};

const idOf = (text: unknown): Buffer => {
  if (text === undefined) return randomUUIDBytes();
  const id = typeof text === 'string' ? uuidBytes(text) : undefined;
  if (!id) throw new Fault(status.INVALID_ARGUMENT, 'The event id must be a UUID.');
  return id;
};

/** As raw text, so that no number loses digits. */
const bytesOf = (text: string | undefined): Buffer => (text === undefined || text === 'null' ? Buffer.alloc(0) : Buffer.from(text));

/** A list of events in the original's `application/vnd.eventstore.events+json`. */
const listOf = (body: Buffer): NewEvent[] => {
  const text = body.toString('utf8');
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new Fault(status.INVALID_ARGUMENT, 'Write request body invalid.');
  }
  if (!Array.isArray(list) || list.length === 0) throw new Fault(status.INVALID_ARGUMENT, 'Write request body invalid.');
  const items = itemsOf(text);
  return list.map((item: unknown, i) => {
    const { eventId, eventType } = (item ?? {}) as Record<string, unknown>;
    if (typeof eventType !== 'string' || eventType === '') throw new Fault(status.INVALID_ARGUMENT, 'An event needs a type.');
    if (Buffer.byteLength(eventType) > MAX_TYPE) throw new Fault(status.INVALID_ARGUMENT, 'The event type is too long.');
    const members = membersOf(items[i]!);
    return {
      id: idOf(eventId),
      type: eventType,
      json: true,
      data: bytesOf(members.get('data')),
      metadata: bytesOf(members.get('metadata')),
    };
  });
};

const eventsOf = async (request: IncomingMessage): Promise<NewEvent[]> => {
  const content = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const body = await readBody(request);
  if (content === 'application/vnd.eventstore.events+json') return listOf(body);
  if (content !== 'application/json' && content !== 'application/octet-stream')
    throw new Fault(status.UNIMPLEMENTED, 'Unsupported Media Type');
  const type = header(request, 'es-eventtype');
  if (!type)
    throw new Fault(status.INVALID_ARGUMENT, 'Must include an event type with the request either in body or as ES-EventType header.');
  return [{ id: idOf(header(request, 'es-eventid')), type, json: content === 'application/json', data: body, metadata: Buffer.alloc(0) }];
};

const postEvents = async (context: HttpContext, request: IncomingMessage, url: URL): Promise<Answer> => {
  const [stream] = url.pathname.slice('/streams/'.length).split('/').map(decodeURIComponent) as [string];
  const principal = await whoIs(context, request);
  if (context.secure && !principal) throw unauthenticated();
  if (stream.startsWith('$$')) context.authorization.refuseStream(principal, stream.slice(2), 'write-metadata');
  else context.authorization.refuseStream(principal, stream, 'write');
  if (stream === '' || stream === '$all' || stream === '$$')
    throw new Fault(status.INVALID_ARGUMENT, `Stream name '${stream}' is invalid.`);
  const expected = expectedOf(header(request, 'es-expectedversion'));
  const answer = await context.log.append(stream, expected, await eventsOf(request));
  if (answer.outcome === 'wrong-expected-revision') {
    return { code: 400, reason: 'Wrong expected EventNumber', headers: { 'ES-CurrentVersion': String(answer.current ?? -1n) } };
  }
  const host = request.headers.host ?? 'localhost';
  const location = `${context.secure ? 'https' : 'http'}://${host}/streams/${encodeURIComponent(stream)}/${answer.revision ?? 0n}`;
  return { code: 201, reason: 'Created', headers: { Location: location } };
};

const getStream: Endpoint = async (context, request, url) => {
  const [stream, revision] = url.pathname.slice('/streams/'.length).split('/').map(decodeURIComponent) as [string, string | undefined];
  const principal = await whoIs(context, request);
  if (!principal) throw unauthenticated();
  context.authorization.refuseStream(principal, stream, 'read');
  const body = revision ? showEvent(context.log, stream, revision) : showPage(context.log, stream, url.searchParams);
  return body ? { code: 200, body } : { code: 404, reason: 'Not Found' };
};

const live: Endpoint = ({ stopping }, _request, url) => {
  if (stopping()) return { code: 503 };
  const asked = url.searchParams.get('liveCode') ?? url.searchParams.get('liveCode'.toLowerCase());
  return { code: asked && /^2\d\d$/.test(asked) ? Number(asked) : 204 };
};

/** Whether the node accepts reads and writes; a full disk is detected by a refused append, and its end by one that succeeds. */
const ready: Endpoint = ({ stopping, log }) => {
  if (stopping()) return { code: 503, body: { status: 'draining', parts: {} } };
  const { trouble } = log;
  if (trouble) return { code: 503, body: { status: 'unavailable', parts: { log: 'down' }, details: { log: trouble } } };
  return { code: 200, body: { status: 'ready', parts: { log: 'up' } } };
};

const endpoints: Readonly<Record<string, Endpoint>> = {
  'GET /health/live': live,
  'GET /health/ready': ready,
  'GET /metrics': forUsers(({ metrics }) => ({ code: 200, type: METRICS_TYPE, body: metrics() })),
  'GET /ping': () => ({ code: 200, body: { msgTypeId: 6, text: 'Ping request successfully handled' } }),
  'GET /info': ({ version, secure }) => ({
    code: 200,
    body: {
      dbVersion: version,
      esVersion: version,
      state: 'leader',
      features: { projections: false, userManagement: secure, atomPub: false },
      authentication: { type: secure ? 'internal' : 'insecure', properties: {} },
    },
  }),
  'GET /gossip': ({ gossip }) => ({ code: 200, body: gossip() }),
  'GET /stats': forUsers(({ stats }) => ({ code: 200, body: stats() })),
};

const httpCodes: Readonly<Partial<Record<status, readonly [number, string]>>> = {
  [status.UNAUTHENTICATED]: [401, 'Unauthorized'],
  [status.PERMISSION_DENIED]: [401, 'Unauthorized'],
  [status.INVALID_ARGUMENT]: [400, 'Bad Request'],
  [status.FAILED_PRECONDITION]: [410, 'Deleted'],
  [status.UNIMPLEMENTED]: [415, 'Unsupported Media Type'],
  [status.RESOURCE_EXHAUSTED]: [413, 'Request Entity Too Large'],
  [status.UNAVAILABLE]: [503, 'Server Is Not Ready'],
};

const failed = (error: unknown): Answer => {
  const fault = faultOf(error);
  const full = error instanceof LogUnavailable && fault.code === status.RESOURCE_EXHAUSTED;
  const [code, reason] = full ? [507, 'Insufficient Storage'] : (httpCodes[fault.code] ?? [500, 'Internal Server Error']);
  return {
    code,
    reason,
    body: { message: fault.message },
    headers: code === 401 ? { 'WWW-Authenticate': 'Basic realm="EventStore", charset="UTF-8"' } : undefined,
  };
};

const answerTo = async (context: HttpContext, request: IncomingMessage): Promise<Answer> => {
  if (!context.isOwnHost(request.headers.host)) {
    return { code: 421, reason: 'Misdirected Request', body: { message: `This node is not '${request.headers.host ?? ''}'.` } };
  }
  let url: URL;
  try {
    url = new URL(request.url ?? '/', 'http://node');
    decodeURIComponent(url.pathname);
  } catch {
    return { code: 400, reason: 'Bad Request' };
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname;
  const endpoint =
    method === 'POST' && /^\/streams\/[^/]+$/.test(path)
      ? postEvents
      : method === 'GET' && /^\/streams\/[^/]+(\/[^/]+)?$/.test(path)
        ? getStream
        : endpoints[`${method} ${path}`];
  if (!endpoint) return { code: 404, reason: 'Not Found' };
  try {
    return await endpoint(context, request, url);
  } catch (error) {
    return failed(error);
  }
};

const send = (request: IncomingMessage, response: ServerResponse, { code, reason, body, type, headers = {} }: Answer): void => {
  const text = body === undefined ? '' : type ? String(body as string) : jsonOf(body);
  if (text !== '') response.setHeader('Content-Type', type ?? 'application/json; charset=utf-8');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // The rest of a refused body is not read: the connection ends with the answer.
  if (!request.complete) response.setHeader('Connection', 'close');
  if (reason) response.statusMessage = reason;
  response.statusCode = code;
  response.end(request.method === 'HEAD' ? undefined : text);
};

/** A server that gets its connections by `emit('connection', socket)` instead of listening itself. */
export const httpEndpoints = (context: HttpContext): Server =>
  createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      request.on('error', () => response.destroy());
      void answerTo(context, request).then((answer) => send(request, response, answer));
    },
  );
