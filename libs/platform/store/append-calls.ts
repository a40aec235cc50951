/**
 * Appends over our own batch calls. Hides: the calls. Promises: each append gets its own answer, or fails with outcome unknown within its
 * time limit (CALL_TIME_LIMIT_MS of event-store.ts); late, malformed, duplicate or unmatched answers change nothing; a call that fails only fails its own appends. Does not: send
 * twice.
 */
import { type ClientDuplexStream, makeGenericClientConstructor, type Metadata, type CallOptions, type Client } from '@grpc/grpc-js';
import { type AppendMessage, readAnswer } from './append-message';
import type { NodeClient } from './client-inside';
import { isDefinite, refusalOf, StoreUnavailable } from './refusals';

export type Written = Readonly<{ revision: bigint; position: bigint }>;
type Call = ClientDuplexStream<Buffer, Buffer>;
type Waiting = Readonly<{ stream: string; until: number; resolve: (written: Written) => void; reject: (error: Error) => void }>;

const bytes = (whole: Buffer): Buffer => whole;
const Appender = makeGenericClientConstructor(
  {
    batchAppend: {
      path: '/event_store.client.streams.Streams/BatchAppend',
      requestStream: true,
      responseStream: true,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  'Streams',
) as unknown as new () => Client & { batchAppend(metadata: Metadata, options: CallOptions): Call };

/** Calls with an append that was not answered in time; they stay open only for their remaining answers. */
const MOST_RETIRED = 3;
const TICK_MS = 100;
/** A tick that is late by more than this means that this app was busy: there may be unread answers. */
const BUSY_MS = 400;

/** One call and the appends that wait for an answer on it. */
class AppendCall {
  readonly waiting = new Map<number, Waiting>();
  failed = false;

  constructor(
    private readonly call: Call,
    private readonly trouble: (error: Error, over: boolean) => void,
  ) {
    call.on('data', (answer: Buffer) => this.hear(answer));
    call.on('error', (error) => this.end(error));
    call.on('end', () => this.end(new Error('the event store ended the call')));
  }

  send(number: number, message: AppendMessage, waiting: Waiting): void {
    this.waiting.set(number, waiting);
    for (const part of message.numbered(number)) this.call.write(part);
  }

  /** Fails the appends that have waited too long; true if there were any. */
  expire(now: number): boolean {
    let any = false;
    for (const [number, { until, reject }] of this.waiting) {
      if (until > now) continue;
      any = true;
      this.waiting.delete(number);
      reject(new StoreUnavailable(new Error('an append was not answered in time')));
    }
    return any;
  }

  close(): void {
    this.call.cancel();
    this.end(new Error('the connection was closed'));
  }

  private hear(bytes: Buffer): void {
    let answer;
    try {
      answer = readAnswer(bytes, (number) => this.waiting.get(number)?.stream ?? '');
    } catch {
      // Not a valid answer: its append waits until its time limit.
      return;
    }
    const waiting = this.waiting.get(answer.number);
    if (!waiting) return;
    this.waiting.delete(answer.number);
    const { outcome } = answer;
    if (!(outcome instanceof Error)) return waiting.resolve(outcome);
    if (isDefinite(outcome)) return waiting.reject(outcome);
    waiting.reject(new StoreUnavailable(outcome));
    this.trouble(outcome, false);
  }

  private end(error: Error): void {
    if (this.failed) return;
    this.failed = true;
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    for (const { stream, reject } of lost) {
      const refusal = refusalOf(error, stream);
      // It is unknown which append made the call fail, unless access is denied, which holds for all.
      reject(refusal?.reason === 'access-denied' ? refusal : new StoreUnavailable(error));
    }
    this.trouble(error, true);
  }
}

let number = 0;

/** The append calls of one node. */
export class AppendCalls {
  private current: AppendCall | undefined;
  private beginning: Promise<AppendCall> | undefined;
  private readonly retired = new Set<AppendCall>();
  private ticking: NodeJS.Timeout | undefined;
  private lastTick = 0;
  private closed = false;

  /** @param trouble called on failures that are not definite: something may be wrong with the node */
  constructor(
    private readonly node: NodeClient,
    private readonly trouble: (error: Error) => void,
  ) {}

  /** Streams of the connection that are in use here. */
  get open(): number {
    return this.retired.size + (this.current || this.beginning ? 1 : 0);
  }

  /** @throws Conflict, StoreRefused, StoreUnavailable */
  send(message: AppendMessage, limitMs: number): Promise<Written> {
    if (this.current && !this.current.failed) return this.sendOn(this.current, message, limitMs);
    this.beginning ??= this.begin().finally(() => (this.beginning = undefined));
    return this.beginning.then((call) => this.sendOn(call, message, limitMs));
  }

  private sendOn(call: AppendCall, message: AppendMessage, limitMs: number): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (call.failed || this.closed) return reject(new StoreUnavailable(new Error('the connection was closed')));
      this.tick();
      number = (number + 1) % 2 ** 47;
      call.send(number, message, { stream: message.stream, until: performance.now() + limitMs, resolve, reject });
    });
  }

  close(): void {
    this.closed = true;
    clearInterval(this.ticking);
    for (const call of [this.current, ...this.retired]) call?.close();
  }

  private async begin(): Promise<AppendCall> {
    const call = await this.node.call(Appender, (service, metadata, options) => service.batchAppend(metadata, options), {
      requiresLeader: true,
    });
    const begun: AppendCall = new AppendCall(call, (error, over) => {
      if (over) this.retired.delete(begun);
      if (over && this.current === begun) this.current = undefined;
      if (!this.closed) this.trouble(error);
    });
    this.current = begun;
    return begun;
  }

  /** A call that left an append unanswered gets no new appends. */
  private retire(call: AppendCall): void {
    if (this.current === call) this.current = undefined;
    this.retired.add(call);
    for (const oldest of this.retired) {
      if (this.retired.size <= MOST_RETIRED) break;
      this.retired.delete(oldest);
      oldest.close();
    }
  }

  private tick(): void {
    if (this.ticking) return;
    this.lastTick = performance.now();
    this.ticking = setInterval(() => {
      const now = performance.now();
      const late = now - this.lastTick > TICK_MS + BUSY_MS;
      this.lastTick = now;
      if (late) return;
      for (const call of [this.current, ...this.retired]) {
        if (!call?.expire(now)) continue;
        this.retire(call);
        this.trouble(new Error('an append was not answered in time'));
      }
      for (const call of this.retired) {
        if (call.waiting.size > 0) continue;
        this.retired.delete(call);
        call.close();
      }
      if (!this.current && this.retired.size === 0) {
        clearInterval(this.ticking);
        this.ticking = undefined;
      }
    }, TICK_MS).unref();
  }
}
