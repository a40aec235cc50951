/**
 * Reads of a catch-up in a thread of their own, so that receiving events and folding them take a core each. Hides: the thread and the bytes
 * that it sends. Promises: the same pages as a read in this thread; if the thread fails, the waiting reads fail, and the next read starts
 * another thread. Does not: keep an idle thread.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Connection } from './connection';
import { logReader, type Thread } from './log-reader';
import { leaveNames, LogEvent } from './log-event';

/** How long a thread may be idle before it is ended. */
const IDLE_MS = 10_000;
/** The first message of the thread. */
const READY = 'ready';

type Question = { ask: number; after: bigint; max: number };
/** The records of a page one after the other, and where each ends. */
type Answer = { ask: number; records: ArrayBuffer; ends: Uint32Array } | { ask: number; error: string };
type Waiting = { resolve: (events: LogEvent[]) => void; reject: (error: Error) => void };

/** Pages of a catch-up, read by a thread with a connection of its own. */
export class ReadingThread implements Thread {
  private worker: Worker | undefined;
  ready = false;
  private asked = 0;
  private readonly waiting = new Map<number, Waiting>();
  private readonly reached = new Set<bigint>();
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly connectionString: string) {}

  has(after: bigint): boolean {
    return this.reached.has(after);
  }

  async take(after: bigint, max: number): Promise<LogEvent[]> {
    clearTimeout(this.idle);
    this.reached.delete(after);
    const worker = this.start();
    const events = await new Promise<LogEvent[]>((resolve, reject) => {
      const ask = this.asked++;
      this.waiting.set(ask, { resolve, reject });
      worker.postMessage({ ask, after, max } satisfies Question);
    });
    if (this.waiting.size === 0) this.idle = setTimeout(() => this.close(), IDLE_MS).unref();
    if (this.worker !== worker || events.length === 0) return events;
    this.reached.add(events.at(-1)!.position);
    if (this.reached.size > 64) this.reached.delete(this.reached.values().next().value!);
    return events;
  }

  close(): void {
    clearTimeout(this.idle);
    const { worker } = this;
    this.end(worker, new Error('the reading thread was ended'));
    void worker?.terminate();
  }

  start(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(__filename, { workerData: { store: this.connectionString } });
    this.worker = worker;
    worker.unref();
    worker.on('message', (answer: Answer | typeof READY) => {
      if (answer === READY) {
        this.ready = this.worker === worker;
        return;
      }
      const waiting = this.waiting.get(answer.ask);
      this.waiting.delete(answer.ask);
      if ('error' in answer) waiting?.reject(new Error(answer.error));
      else waiting?.resolve(unpacked(answer));
    });
    worker.once('error', (error) => this.end(worker, error));
    worker.once('exit', () => this.end(worker, new Error('the reading thread has ended')));
    return worker;
  }

  private end(worker: Worker | undefined, error: Error): void {
    if (!worker || this.worker !== worker) return;
    this.worker = undefined;
    this.ready = false;
    this.reached.clear();
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

function unpacked({ records, ends }: { records: ArrayBuffer; ends: Uint32Array }): LogEvent[] {
  const bytes = Buffer.from(records);
  const events = new Array<LogEvent>(ends.length);
  let from = 0;
  for (let i = 0; i < ends.length; i++) {
    events[i] = LogEvent.decode(bytes, from, ends[i]!);
    from = ends[i]!;
  }
  return events;
}

function packed(events: readonly LogEvent[]): { records: ArrayBuffer; ends: Uint32Array } {
  let length = 0;
  for (const event of events) length += event.size;
  const records = Buffer.allocUnsafeSlow(length);
  const ends = new Uint32Array(events.length);
  let at = 0;
  for (let i = 0; i < events.length; i++) ends[i] = at += events[i]!.copyTo(records, at);
  return { records: records.buffer, ends };
}

/** The thread's own side. */
function serve(store: string): void {
  leaveNames();
  const log = logReader(new Connection(store));
  parentPort!.on('message', ({ ask, after, max }: Question) => {
    log.readAll(after, max).then(
      (events) => {
        const page = packed(events);
        parentPort!.postMessage({ ask, ...page } satisfies Answer, [page.records]);
      },
      (error: unknown) => parentPort!.postMessage({ ask, error: String(error) } satisfies Answer),
    );
  });
  parentPort!.postMessage(READY);
}

const given = workerData as { store?: string } | null;
if (!isMainThread && given?.store && parentPort) serve(given.store);
