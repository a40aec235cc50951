/**
 * Hides: a whole EventStoreDB-compatible node: the log, its gRPC services and the port they share.
 * Promises: when `startNode` resolves the node serves; when `close` resolves its files are closed and unlocked.
 * Does not: replicate; there is only one node.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authentication } from './security/authentication';
import { Authorization } from './security/authorization';
import { type Faults, injectFaults } from './wire/fault-injection';
import { httpEndpoints } from './http/endpoints';
import { metricsOf } from './http/metrics';
import { lockDirectory } from './log/lock';
import { EventLog, type LogOptions } from './log/log';
import { PersistentSubscriptions } from './groups/persistent-subscriptions';
import { notReady } from './wire/faults';
import { type Certificate, SharedPort } from './wire/port';
import { Strangers } from './wire/strangers';
import type { NodeService } from './wire/service-builder';
import type { NodeContext, ServiceFactory } from './services/context';
import { gossip, gossipOverHttp } from './services/gossip';
import { monitoring, statistics } from './services/monitoring';
import { operations } from './services/operations';
import { persistentSubscriptions } from './services/persistent-subscriptions';
import { projections } from './services/projections';
import { SERVER_VERSION, serverFeatures } from './services/server-features';
import { streams } from './services/streams';
import { users } from './services/users';
import { StandingProjections } from './projections/standing-projections';
import type { SystemProjection } from './projections/system-projections';
import { hostCheck, refuseOpenBind } from './security/exposure';
import { type FirstPasswords, Users } from './security/users';
import { randomUUIDBytes, uuidText } from './bytes/uuid';

export type NodeOptions = LogOptions &
  FirstPasswords &
  Readonly<{
    /** The data directory; by default a temporary one that is deleted when the node closes. */
    dataDir?: string;
    /** 0, the default, takes a free port. */
    port?: number;
    host?: string;
    /** The address that gossip gives to clients; by default the host, or the machine's name if the node listens on all addresses. */
    advertiseHost?: string;
    /** With a certificate the node speaks TLS only and requires a login; without one everyone is an administrator. */
    tls?: Certificate;
    /** Milliseconds that a connection may take to show its protocol; default 10,000. */
    patience?: number;
    /** Standing projections to keep up to date; none by default, as in the original. */
    systemProjections?: readonly SystemProjection[];
    /** Of the names of all metrics; none by default. */
    metricsPrefix?: string;
    /** For tests only: injected faults. The object may be changed while the node runs. */
    faults?: Faults;
  }>;

/** A node that serves. */
export type RunningNode = Readonly<{
  port: number;
  connectionString: string;
  log: EventLog;
  close(): Promise<void>;
  closed: Promise<void>;
}>;

/** One line per service; ServerFeatures stays last, since it announces what the others registered. */
const services: ServiceFactory[] = [streams, persistentSubscriptions, users, gossip, operations, monitoring, projections, serverFeatures];

/** Milliseconds that clients get to read their last answers. */
const FAREWELL_MS = 500;

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Largest message that the server accepts, as in the original. */
const MAX_MESSAGE = 16 * 1024 * 1024 + 1024;

/** A connection whose other end is gone is noticed within a minute. */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 40_000, 'grpc.keepalive_timeout_ms': 20_000 };

/** Starts a node; without options, as for a test: on a free port of 127.0.0.1, without TLS, with its events in a temporary directory. */
export async function startNode(options: NodeOptions = {}): Promise<RunningNode> {
  const host = options.host ?? '127.0.0.1';
  refuseOpenBind(host, options.tls);
  const { dataDir, release } = await claimDirectory(options.dataDir);
  let log: EventLog | undefined;
  try {
    log = new EventLog(dataDir, options);
    return await serve(options, host, log, await Users.open(log, options, !!options.tls), release);
  } catch (error) {
    await log?.close();
    await release();
    throw error;
  }
}

/** Locks the directory, or creates a temporary one. */
async function claimDirectory(given: string | undefined): Promise<{ dataDir: string; release: () => Promise<void> }> {
  const dataDir = given ?? (await mkdtemp(join(tmpdir(), 'event-log-')));
  const unlock = await lockDirectory(dataDir);
  const release = async () => {
    await unlock();
    if (given === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  return { dataDir, release };
}

async function serve(options: NodeOptions, host: string, log: EventLog, users: Users, release: () => Promise<void>): Promise<RunningNode> {
  let port = options.port ?? 0;
  const strangers = new Strangers();
  const authentication = new Authentication(users, options.journal, strangers);
  const authorization = new Authorization(log, options.tls && ((metadata) => authentication.principal(metadata)));
  const groups = new PersistentSubscriptions(log);
  const standing = new StandingProjections(log, options.systemProjections ?? []);
  let stopping: Promise<void> | undefined;
  let stopped: () => void;
  const closed = new Promise<void>((resolve) => (stopped = resolve));
  const context: NodeContext = {
    log,
    instanceId: uuidText(randomUUIDBytes()),
    host: options.advertiseHost ?? (isWildcard(host) ? hostname() : host),
    port: () => port,
    authorizeStream: authorization.stream,
    authorizeAdmin: authorization.admin,
    authorizeUser: authorization.user,
    principal: authorization.principal,
    users,
    groups,
    projections: standing,
    features: [],
    shutdown: () => void close(),
    journal: options.journal ?? (() => undefined),
    onClose: [() => groups.close(), () => standing.close()],
  };
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
    ...KEEPALIVE,
    interceptors: options.tls ? [authentication.interceptor] : [],
  });
  const { faults, journal = () => undefined } = options;
  const running: NodeService[] = [];
  for (const create of services) {
    const service = create(context);
    running.push(service);
    const { definition, implementation } = service;
    const name = Object.values(definition)[0]!.path.split('/')[1]!;
    server.addService(definition, faults ? injectFaults(name, implementation, faults, () => shared.destroy()) : implementation);
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http = httpEndpoints({
    log,
    secure: !!options.tls,
    version: SERVER_VERSION,
    authentication,
    authorization,
    isOwnHost: hostCheck([host, options.advertiseHost, hostname()], options.tls?.cert),
    gossip: () => gossipOverHttp(context),
    metrics: () => metricsOf({ log, groups, connections: shared.connections, prefix: options.metricsPrefix ?? '' }),
    stats: () => statistics(context),
    stopping: () => !!stopping,
  });
  const shared = new SharedPort(injector, http, options.tls, options.patience, options.tls && strangers);
  const close = () =>
    (stopping ??= (async () => {
      journal('info', 'stopping');
      shared.refuse();
      for (const stop of context.onClose) await stop();
      for (const service of running) service.end(notReady());
      // Sessions end once their last answer is sent; one that does not is disconnected, never reset: a client treats a call that was reset
      // as cancelled and stays with a node that is gone.
      injector.drain(2 * FAREWELL_MS);
      await shared.drained(FAREWELL_MS);
      shared.destroy();
      injector.destroy();
      server.forceShutdown();
      await log.close();
      await release();
      journal('info', 'stopped');
      stopped();
    })());
  try {
    port = await shared.listen(port, host);
  } catch (error) {
    await Promise.all([groups.close(), standing.close()]);
    throw error;
  }
  journal('info', 'started', { host, port, tls: !!options.tls, dataDir: log.dataDir, logEnd: log.end, streams: log.streams });
  return {
    port,
    connectionString: `esdb://${options.tls && options.adminPassword ? `admin:${encodeURIComponent(options.adminPassword)}@` : ''}${host}:${port}?tls=${!!options.tls}`,
    log,
    close,
    closed,
  };
}
