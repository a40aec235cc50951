/**
 * Hides: a whole EventStoreDB-compatible node: the log, its gRPC services and the port they share.
 * Promises: when `startNode` resolves the node serves; when `close` resolves its files are closed and unlocked.
 * Does not: replicate; a node is alone.
 */
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import net from 'node:net';
import { lockDirectory } from './lock';
import { EventLog, type LogOptions } from './log';
import type { NodeContext, ServiceFactory } from './service';
import { serverFeatures } from './services/server-features';
import { streams } from './services/streams';
import { randomUUIDBytes, uuidText } from './uuid';

export type NodeOptions = LogOptions &
  Readonly<{
    dataDir: string;
    /** 0 takes a free port. */
    port?: number;
    host?: string;
  }>;

/** A node that serves. */
export type RunningNode = Readonly<{ port: number; connectionString: string; log: EventLog; close(): Promise<void> }>;

/** One line per service; ServerFeatures stays last, it announces what the others entered. */
const services: ServiceFactory[] = [streams, serverFeatures];

/** Largest message that the server takes, as the original's. */
const MAX_MESSAGE = 16 * 1024 * 1024 + 1024;

export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const host = options.host ?? '127.0.0.1';
  const unlock = await lockDirectory(options.dataDir);
  let log: EventLog;
  try {
    log = new EventLog(options.dataDir, options);
  } catch (error) {
    await unlock();
    throw error;
  }
  let port = options.port ?? 0;
  const context: NodeContext = {
    log,
    instanceId: uuidText(randomUUIDBytes()),
    host,
    port: () => port,
    authorizeStream: () => undefined,
    authorizeAdmin: () => undefined,
    features: [],
    onClose: [],
  };
  const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE, 'grpc.max_send_message_length': -1, 'grpc.enable_channelz': 0 });
  for (const create of services) {
    const { definition, implementation } = create(context);
    server.addService(definition, implementation);
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = net.createServer({ noDelay: true }, (socket) => accept(socket, injector));
  const sockets = new Set<net.Socket>();
  listener.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  try {
    port = await listen(listener, port, host);
  } catch (error) {
    await log.close();
    await unlock();
    throw error;
  }
  return {
    port,
    connectionString: `esdb://${host}:${port}?tls=false`,
    log,
    async close() {
      listener.close();
      for (const stop of context.onClose) await stop();
      injector.destroy();
      server.forceShutdown();
      for (const socket of sockets) socket.destroy();
      await log.close();
      await unlock();
    },
  };
}

function accept(socket: net.Socket, injector: ConnectionInjector): void {
  socket.on('error', () => socket.destroy());
  injector.injectConnection(socket);
}

function listen(listener: net.Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, host, () => {
      listener.removeListener('error', reject);
      resolve((listener.address() as net.AddressInfo).port);
    });
  });
}
