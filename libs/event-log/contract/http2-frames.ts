// Hides: HTTP/2 frames written by hand, for what no client library sends: a request that is abandoned and never finished.
// Promises: exactly the given frames are sent, in order. Does not: read answers except the acknowledgement of a ping.

import net from 'node:net';
import tls from 'node:tls';
import type { ServerUnderTest } from './server-under-test';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const END_HEADERS = 4;
const ACK = 1;
const CANCEL = 8;

const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

/** HPACK: a literal without indexing, for texts below 127 bytes. */
const header = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

const grpcMessage = (message: Uint8Array): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

/** A TCP or TLS connection to the server, for frames or noise. */
export const connectRaw = ({ host, port, authority, mode }: ServerUnderTest): net.Socket => {
  const socket = mode === 'tls' ? tls.connect({ host, port, ca: authority, ALPNProtocols: ['h2'] }) : net.connect({ host, port });
  socket.on('error', () => undefined);
  return socket;
};

export class FrameConnection {
  private readonly socket: net.Socket;
  private seen = Buffer.alloc(0);
  private pinged: () => void = () => undefined;
  private stream = -1;

  constructor(private readonly server: ServerUnderTest) {
    this.socket = connectRaw(server);
    this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
    this.socket.on('data', (bytes: Buffer) => this.look(bytes));
  }

  /** Starts a call and sends messages, the last one possibly truncated; never finishes the call. */
  begin(path: string, messages: readonly Uint8Array[], bytesOfLast = Infinity): void {
    this.stream += 2;
    const authorization = this.server.as().get('authorization')[0]?.toString();
    const headers = [
      header(':method', 'POST'),
      header(':scheme', this.server.mode === 'tls' ? 'https' : 'http'),
      header(':path', path),
      header(':authority', `${this.server.host}:${this.server.port}`),
      header('content-type', 'application/grpc'),
      header('te', 'trailers'),
      ...(authorization ? [header('authorization', authorization)] : []),
    ];
    this.socket.write(frame(HEADERS, END_HEADERS, this.stream, Buffer.concat(headers)));
    messages.forEach((message, i) => {
      const bytes = grpcMessage(message);
      this.socket.write(frame(DATA, 0, this.stream, i === messages.length - 1 ? bytes.subarray(0, bytesOfLast) : bytes));
    });
  }

  /** Ends the newest call by RST_STREAM. */
  reset(): void {
    const code = Buffer.alloc(4);
    code.writeUInt32BE(CANCEL);
    this.socket.write(frame(RST_STREAM, 0, this.stream, code));
  }

  /** Resolves once the server has read everything that was sent. */
  read(): Promise<void> {
    return new Promise((resolve) => {
      this.pinged = resolve;
      this.socket.write(frame(PING, 0, 0, Buffer.alloc(8)));
    });
  }

  /** Cuts the connection; resolves when it is closed. */
  cut(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once('close', () => resolve());
      this.socket.destroy();
    });
  }

  private look(bytes: Buffer): void {
    this.seen = Buffer.concat([this.seen, bytes]);
    while (this.seen.length >= 9) {
      const end = 9 + this.seen.readUIntBE(0, 3);
      if (this.seen.length < end) return;
      const [type, flags] = [this.seen[3]!, this.seen[4]!];
      if (type === PING && flags & ACK) this.pinged();
      if (type === SETTINGS && !(flags & ACK)) this.socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
      this.seen = this.seen.subarray(end);
    }
  }
}
