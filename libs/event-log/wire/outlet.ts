/**
 * Hides: that many messages are sent in one write. grpc-js frames and writes each message separately, which costs more than everything else
 * on an event's way from the disk to a reader. Promises: messages arrive in the order given, framed as gRPC frames them; `send` waits while
 * the reader is slow. Does not: encode messages or end the call.
 */
import type { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { insideOf } from './call-inside';

/** A call that messages are written to. */
type Sink = EventEmitter & { write(message: Buffer): boolean; readonly cancelled: boolean; readonly destroyed: boolean };

/** gRPC's frame: one byte that says "not compressed", four bytes of length. */
const FRAME = 5;

export class Outlet {
  private readonly stream: ServerHttp2Stream | undefined;
  private readonly begin: () => void;
  private posted: Buffer[] = [];

  constructor(private readonly call: Sink) {
    // If `write` was replaced, as by fault injection, messages are written one by one.
    const inside = Object.hasOwn(call, 'write') ? undefined : insideOf(call);
    this.stream = inside?.maybeSendMetadata && inside.stream;
    this.begin = () => inside?.maybeSendMetadata?.();
  }

  /** False once the call is over. */
  get open(): boolean {
    return !this.call.cancelled && !this.call.destroyed;
  }

  /** Buffer space for a message that is sent before anything is waited for. */
  readonly room = (length: number): Buffer => {
    if (!this.stream || used + length > shared.length) return Buffer.allocUnsafe(length);
    return shared.subarray(used, (used += length));
  };

  /** Writes, and waits while the reader is slow; returns false once the call is over. */
  async send(...messages: readonly Buffer[]): Promise<boolean> {
    if (!this.open) return false;
    if (messages.length > 0 && !this.write(messages)) await this.drained();
    return this.open;
  }

  /** Writes together with everything else posted in the same turn of the event loop. */
  post(message: Buffer): void {
    if (this.posted.push(message) === 1) process.nextTick(this.flush);
  }

  /** Writes what was posted at once, as needed before the call ends. */
  readonly flush = (): void => {
    const messages = this.posted;
    this.posted = [];
    if (messages.length > 0 && this.open) this.write(messages);
  };

  private write(messages: readonly Buffer[]): boolean {
    if (!this.stream) return messages.reduce((_, message) => this.call.write(message), true);
    if (this.stream.destroyed || this.stream.writableEnded) return true;
    this.begin();
    const bytes = framed(messages);
    return this.stream.write(bytes, (error) => error ?? giveBack(bytes));
  }

  private drained(): Promise<void> {
    const ends: [EventEmitter, string][] = [[this.stream ?? this.call, 'drain']];
    for (const event of ['cancelled', 'close', 'error']) ends.push([this.call, event]);
    if (this.stream) ends.push([this.stream, 'close']);
    return new Promise((resolve) => {
      const done = () => {
        for (const [emitter, event] of ends) emitter.removeListener(event, done);
        resolve();
      };
      for (const [emitter, event] of ends) emitter.once(event, done);
    });
  }
}

/**
 * Messages are encoded in one place and copied into a buffer that is reused once it was sent. Separate buffers would be garbage outside the
 * heap, a few megabytes of which trigger a full garbage collection.
 */
const shared = Buffer.allocUnsafeSlow(1024 * 1024);
let used = 0;

const FRAME_ROOM = 256 * 1024;
const free: Buffer[] = [];

function roomFor(length: number): Buffer {
  if (length < FRAME_ROOM / 16 || length > FRAME_ROOM) return Buffer.allocUnsafe(length);
  return (free.pop() ?? Buffer.allocUnsafeSlow(FRAME_ROOM)).subarray(0, length);
}

/** The socket has accepted all bytes of a buffer: they may be overwritten. */
function giveBack(bytes: Buffer): void {
  if (bytes.buffer.byteLength === FRAME_ROOM && free.length < 8) free.push(Buffer.from(bytes.buffer));
}

function framed(messages: readonly Buffer[]): Buffer {
  let length = 0;
  for (const message of messages) length += FRAME + message.length;
  const bytes = roomFor(length);
  let at = 0;
  for (const message of messages) {
    bytes[at] = 0;
    bytes.writeUInt32BE(message.length, at + 1);
    at += FRAME;
    at += message.copy(bytes, at);
  }
  used = 0;
  return bytes;
}
