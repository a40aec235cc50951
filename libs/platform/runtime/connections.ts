/**
 * Who holds the connections of an HTTP server. Hides: which connection is closed for a new one. Promises: strangers, however many connections they
 * open and leave idle, keep nobody out: above a number their oldest is closed; a known caller has a number of its own. Does not: limit requests.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const MOST = { strangers: 1_024, ofCaller: 1_024 };

export class Connections {
  private readonly strangers = new Set<Socket>();
  private readonly callers = new WeakMap<Socket, string>();
  private readonly counts = new Map<string, number>();

  constructor(
    server: Pick<Server, 'on'>,
    private readonly most = MOST,
  ) {
    server.on('connection', (socket: Socket) => this.opened(socket));
  }

  /** The connection is of a caller from now on: the first one that it is known to serve. False if the caller has too many. */
  isOf(socket: Socket, caller: string): boolean {
    if (!this.strangers.has(socket)) return true;
    const count = this.counts.get(caller) ?? 0;
    if (count >= this.most.ofCaller) return false;
    this.strangers.delete(socket);
    this.callers.set(socket, caller);
    this.counts.set(caller, count + 1);
    return true;
  }

  /** Something else limits this connection. */
  leave(socket: Socket): void {
    this.strangers.delete(socket);
  }

  private opened(socket: Socket): void {
    this.strangers.add(socket);
    socket.once('close', () => this.closed(socket));
    if (this.strangers.size <= this.most.strangers) return;
    const [oldest] = this.strangers;
    this.strangers.delete(oldest!);
    oldest!.destroy();
  }

  private closed(socket: Socket): void {
    this.strangers.delete(socket);
    const caller = this.callers.get(socket);
    if (caller === undefined) return;
    const left = this.counts.get(caller)! - 1;
    if (left > 0) this.counts.set(caller, left);
    else this.counts.delete(caller);
  }
}
