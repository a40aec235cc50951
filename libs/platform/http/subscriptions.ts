/**
 * GraphQL subscriptions over graphql-transport-ws at /graphql. Hides: the protocol and its server. Promises: only callers with a valid
 * token, from allowed origins, and only for as long as the token lasts; documents are bounded and validated as over HTTP; a caller
 * has at most 50 connections with 20 subscriptions each. Does not: serve queries and mutations (HTTP does), or find what changed (row-changes.ts).
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  subscribe,
  validate,
  type ExecutionArgs,
  type GraphQLSchema,
} from 'graphql';
import { CloseCode, type Context, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { nowMs } from '#platform/runtime/clock';
import { gauge } from '#platform/runtime/metrics';
import type { Session, Tokens } from '#platform/security/auth';
import { inContext, type RequestContext } from '#platform/security/context';
import { LIMITS, tooMuch } from './graphql-limits';
import { errorForClient } from './graphql';
import type { AccessLog } from './access-log';
import { callerOf, type RateLimit } from './rate-limit';

export type Live = Readonly<{ stop(): Promise<void> }>;
type Options = Readonly<{
  server: Server;
  schema: () => GraphQLSchema;
  tokens: Tokens;
  limit: RateLimit;
  access: AccessLog;
  isOwnHost: (field: string | undefined) => boolean;
  open: boolean;
  origins?: readonly string[];
}>;
type Extra = { socket: WebSocket; request: IncomingMessage; session?: Session; token?: string; expiry?: NodeJS.Timeout };

const PATH = '/graphql';
const MAX_PAYLOAD = 65_536;
const MAX_CONNECTIONS = 2_000;
const PER_CALLER = 50;
/** Most connections from one address without a verified caller: the oldest gives way to a new one, since a balancer's clients share an address. */
const UNKNOWN_PER_ADDRESS = 50;
const TOO_MANY = 4_429;
const PER_CONNECTION = 20;
const RECHECK_MS = 30_000;
const websockets = gauge('websockets_open', 'Open websockets.');
const contexts = new Set<Context<Record<string, unknown>, Extra>>();
gauge('subscriptions_open', 'GraphQL subscriptions that are being served.', [], function () {
  this.set([...contexts].reduce((sum, { subscriptions }) => sum + Object.keys(subscriptions).length, 0));
});

/** Serves subscriptions on the upgrade requests of an HTTP server. */
export function serveLive({ server, schema, tokens, limit, access, isOwnHost, open, origins = [] }: Options): Live {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  const perCaller = new Map<string, number>();
  const unknown = new Map<string, Set<WebSocket>>();

  /** The owner of each connection: an address until there is a token, then an actor. */
  const callers = new WeakMap<WebSocket, string>();
  const leaveUnknown = (address: string, client: WebSocket) => {
    const waiting = unknown.get(address);
    waiting?.delete(client);
    if (waiting?.size === 0) unknown.delete(address);
  };
  const enterUnknown = (address: string, client: WebSocket) => {
    const waiting = unknown.get(address) ?? new Set();
    unknown.set(address, waiting.add(client));
    const [oldest] = waiting;
    if (waiting.size <= UNKNOWN_PER_ADDRESS || !oldest) return;
    access.denied({ route: 'websocket', status: 429, address });
    known(oldest);
    oldest.terminate();
  };
  const known = (client: WebSocket, actor?: string) => {
    const before = callers.get(client)!;
    if (!before.startsWith('@')) leaveUnknown(before, client);
    callers.set(client, actor ?? '@gone');
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const { origin, host } = request.headers;
    const address = callerOf(request.socket.remoteAddress ?? '');
    const foreign = origin !== undefined && !origins.includes(origin) && !(URL.canParse(origin) && new URL(origin).host === host);
    const status =
      request.url !== PATH
        ? '404 Not Found'
        : !isOwnHost(host)
          ? '421 Misdirected Request'
          : foreign
            ? '403 Forbidden'
            : sockets.clients.size >= MAX_CONNECTIONS
              ? '503 Service Unavailable'
              : undefined;
    if (status) {
      access.denied({ route: 'websocket', status: Number(status.slice(0, 3)), address });
      return void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      callers.set(client, address);
      enterUnknown(address, client);
      websockets.inc();
      client.once('close', () => {
        websockets.dec();
        known(client);
      });
      // Before graphql-ws parses it: every message counts, valid or not.
      client.on('message', () => {
        try {
          limit.take(callers.get(client)!);
        } catch {
          // What it sent meanwhile is not looked at.
          client.removeAllListeners('message').close(TOO_MANY, 'too many messages');
        }
      });
      sockets.emit('connection', client, request);
    });
  };
  server.on('upgrade', upgrade);

  const leave = (extra: Extra) => {
    clearTimeout(extra.expiry);
    if (!extra.session) return;
    add(perCaller, extra.session.principal.actor, -1);
    extra.session = undefined;
  };

  /** Verifies the token repeatedly until it expires: its key may be withdrawn earlier. */
  const watch = (extra: Extra) => {
    const left = extra.session!.expiresAt * 1000 - nowMs();
    extra.expiry = setTimeout(
      () => {
        tokens.verify(extra.token!).then(
          () => (left > RECHECK_MS ? watch(extra) : extra.socket.close(CloseCode.Forbidden, 'token expired')),
          (error: { status?: number }) =>
            error.status === 503 && left > RECHECK_MS ? watch(extra) : extra.socket.close(CloseCode.Forbidden, 'token expired'),
        );
      },
      Math.max(0, Math.min(RECHECK_MS, left)),
    );
  };

  const disposable = useServer<Record<string, unknown>, Extra>(
    {
      connectionInitWaitTimeout: 5_000,
      async onConnect(context) {
        const { connectionParams, extra } = context;
        const token = tokenOf(connectionParams, extra.request);
        const deny = (code: string) => {
          access.denied({ route: 'websocket', code, address: callerOf(extra.request.socket.remoteAddress ?? '') });
          return false;
        };
        if (!token) return deny('unauthenticated');
        try {
          const session = await tokens.verify(token);
          const { actor } = session.principal;
          if (extra.socket.readyState !== extra.socket.OPEN) return false;
          if ((perCaller.get(actor) ?? 0) >= PER_CALLER) return deny('too-many-connections');
          add(perCaller, actor, 1);
          known(extra.socket, `@${actor}`);
          Object.assign(extra, { session, token });
          watch(extra);
          contexts.add(context);
          return true;
        } catch (error) {
          return deny((error as { code?: string }).code ?? 'unauthenticated');
        }
      },
      onClose: (context) => {
        contexts.delete(context);
        leave(context.extra);
      },
      onSubscribe: (context, _id, payload) => argumentsOf(context, payload, schema(), open),
      subscribe: (args) => {
        const { principal } = args.contextValue as { principal: Session['principal'] };
        const { request } = (args.contextValue as { extra: Extra }).extra;
        const context: RequestContext = { correlationId: randomUUID(), principal };
        const begun = inContext(context, () => subscribe(args));
        void Promise.resolve(begun).finally(() => {
          const { denial: code, correlationId } = context;
          const address = callerOf(request.socket.remoteAddress ?? '');
          if (code) access.denied({ route: 'websocket', code, correlationId, actor: principal.actor, address });
        });
        return begun;
      },
      onError: (_context, _id, _payload, errors) => errors.map((error) => errorForClient(error, open)),
      onNext: (_context, _id, _payload, _args, result) =>
        ({ ...result, ...(result.errors ? { errors: result.errors.map((error) => errorForClient(error, open)) } : {}) }) as never,
      isProd: true,
    } as Parameters<typeof useServer<Record<string, unknown>, Extra>>[0],
    sockets,
  );

  return {
    async stop() {
      server.off('upgrade', upgrade);
      const ended = disposable.dispose();
      setTimeout(() => sockets.clients.forEach((client) => client.terminate()), 500).unref();
      await ended;
    },
  };
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** The token of the first message, as GraphiQL and graphql-ws send it, or of the upgrade request. */
function tokenOf(parameters: Readonly<Record<string, unknown>> | null | undefined, request: IncomingMessage): string | undefined {
  const headers = parameters?.headers as Record<string, unknown> | undefined;
  const given =
    parameters?.authorization ??
    parameters?.Authorization ??
    headers?.authorization ??
    headers?.Authorization ??
    request.headers.authorization;
  return typeof given === 'string' ? /^(?:bearer +)?(\S+)$/i.exec(given)?.[1] : undefined;
}

function argumentsOf(
  { extra, subscriptions }: Context<Record<string, unknown>, Extra>,
  payload: SubscribePayload,
  schema: GraphQLSchema,
  open: boolean,
): ExecutionArgs | readonly GraphQLError[] {
  const fault = (message: string) => [new GraphQLError(message, { extensions: { code: 'invalid-query', status: 400 } })];
  if (!extra.session) return fault('Send connection_init with an access token first.');
  if (Object.keys(subscriptions).length > PER_CONNECTION)
    return fault(`A connection can hold at most ${PER_CONNECTION} subscriptions; end one first.`);
  const { query, variables, operationName } = payload;
  try {
    const document = parse(query, { maxTokens: LIMITS.tokens });
    const excess = tooMuch(schema, document, variables, open);
    if (excess.length > 0) return excess;
    const rules = open ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const errors = validate(schema, document, rules, { maxErrors: 10 });
    if (errors.length > 0) return errors;
    if (getOperationAST(document, operationName)?.operation !== 'subscription')
      return fault('This websocket takes subscriptions only; send queries and mutations by POST to /graphql.');
    return {
      schema,
      document,
      variableValues: variables,
      operationName,
      contextValue: { principal: extra.session.principal, extra, req: { headers: {} } },
    };
  } catch (error) {
    return [error instanceof GraphQLError ? error : new GraphQLError('The query is not a GraphQL document.')];
  }
}
