// Hides: that gRPC, HTTP/1.1 and TLS share one port.
// Promises: the protocol of each connection is detected by ALPN, or by its first bytes; a silent connection is closed.
// Does not: speak any of the protocols.

import type { ConnectionInjector } from '@grpc/grpc-js';
import type { Server as HttpServer } from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import type { Strangers } from './strangers';

/** PEM of the node's certificate (chain) and key. */
export type Certificate = Readonly<{ cert: string | Buffer; key: string | Buffer }>;

/** How long a connection may take to show its protocol. */
const usualPatience = 10_000;
const http2Preface = Buffer.from('PRI * HTTP/2.0');

export class SharedPort {
  private readonly listener: net.Server;
  private readonly sockets = new Set<net.Socket>();

  constructor(
    private readonly grpc: ConnectionInjector,
    private readonly http: HttpServer,
    certificate?: Certificate,
    private readonly patience = usualPatience,
    strangers?: Strangers,
  ) {
    this.listener = certificate ? this.secure(certificate) : net.createServer({ noDelay: true }, (socket) => this.sniff(socket));
    this.listener.on('connection', (socket: net.Socket) => {
      this.sockets.add(socket);
      strangers?.opened(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Resolves with the port; 0 takes a free one. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.listener.once('error', reject);
      this.listener.listen(port, host, () => {
        this.listener.removeListener('error', reject);
        this.listener.on('error', () => undefined);
        resolve((this.listener.address() as net.AddressInfo).port);
      });
    });
  }

  get connections(): number {
    return this.sockets.size;
  }

  /** Stops accepting connections. */
  refuse(): void {
    this.listener.close();
  }

  /** Resolves when every connection has ended, or after `limit` milliseconds. */
  async drained(limit: number): Promise<void> {
    this.http.closeIdleConnections();
    const closed = [...this.sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([Promise.all(closed), new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)))]);
    clearTimeout(timer);
  }

  /** Ends every connection. */
  destroy(): void {
    this.http.closeAllConnections();
    for (const socket of this.sockets) socket.destroy();
  }

  private secure({ cert, key }: Certificate): tls.Server {
    const server = tls.createServer({
      cert,
      key,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: this.patience,
      minVersion: 'TLSv1.2',
      noDelay: true,
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      if (socket.alpnProtocol === 'h2') this.grpc.injectConnection(socket);
      else if (socket.alpnProtocol === 'http/1.1') this.http.emit('connection', socket);
      else this.sniff(socket);
    });
    return server;
  }

  /** Reads the first bytes and puts them back. */
  private sniff(socket: net.Socket): void {
    const timer = setTimeout(() => socket.destroy(), this.patience);
    socket.once('close', () => clearTimeout(timer));
    socket.on('error', () => socket.destroy());
    let seen = Buffer.alloc(0);
    const look = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const length = Math.min(seen.length, http2Preface.length);
      const matches = seen.subarray(0, length).equals(http2Preface.subarray(0, length));
      if (matches && length < http2Preface.length) return;
      clearTimeout(timer);
      socket.removeListener('readable', look);
      socket.unshift(seen);
      if (matches) this.grpc.injectConnection(socket);
      else this.http.emit('connection', socket);
    };
    socket.on('readable', look);
  }
}
