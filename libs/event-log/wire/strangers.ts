/**
 * Hides: which connections have not shown a login yet, and what they make the node hold.
 * Promises: there are never more than MOST of them: the oldest is closed for a new one, so they keep nobody out; unread requests of one are
 * MOST_BYTES at most. Does not: limit users.
 */
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

const MOST = 256;
const MOST_BYTES = 256 * 1024;

/** The same for a TCP socket, the TLS socket and the session over it. */
const nameOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string => `${remoteAddress} ${remotePort}`;

export class Strangers {
  private readonly sockets = new Map<string, Socket>();
  private readonly unread = new WeakMap<Http2Session, number>();

  constructor(private readonly most = MOST) {}

  opened(socket: Socket): void {
    const name = nameOf(socket);
    this.sockets.set(name, socket);
    socket.once('close', () => {
      if (this.sockets.get(name) === socket) this.sockets.delete(name);
    });
    if (this.sockets.size <= this.most) return;
    const [[oldest, held]] = this.sockets as Iterable<[string, Socket]> as [[string, Socket]];
    this.sockets.delete(oldest);
    held.destroy();
  }

  /** A connection, or the HTTP/2 session over it, has shown a login. */
  known(connection: object): void {
    this.sockets.delete(nameOf((connection as Partial<Http2Session>).socket ?? (connection as Socket)));
  }

  /** Counts what a call without a login sends, until the returned function is called or the call ends. */
  watch(stream: ServerHttp2Stream): () => void {
    const { session } = stream;
    if (!session) return () => undefined;
    let bytes = 0;
    const count = (part: Buffer) => {
      bytes += part.length;
      const unread = (this.unread.get(session) ?? 0) + part.length;
      this.unread.set(session, unread);
      if (unread > MOST_BYTES) session.destroy();
    };
    const end = () => {
      stream.removeListener('data', count);
      this.unread.set(session, (this.unread.get(session) ?? 0) - bytes);
      bytes = 0;
    };
    stream.on('data', count).once('close', end);
    return end;
  }
}
