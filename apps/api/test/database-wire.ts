import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A connection to the database that can be cut and restored. */
export class DatabaseWire {
  private readonly sockets = new Set<Socket>();
  private server?: Server;
  private port = 0;
  private target = new URL('postgresql://x');

  async to(databaseUrl: string): Promise<string> {
    this.target = new URL(databaseUrl);
    await this.restore();
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  async restore(): Promise<void> {
    this.server = createServer((socket) => {
      const onward = connect(Number(this.target.port), this.target.hostname);
      for (const end of [socket, onward]) {
        this.sockets.add(end);
        end.on('error', () => undefined).on('close', () => (this.sockets.delete(end), socket.destroy(), onward.destroy()));
      }
      socket.pipe(onward).pipe(socket);
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((done) => this.server!.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
