/**
 * Hides: reading and following streams and $all, with links, filters and checkpoints. Promises: a subscriber gets each event once and in
 * order, with no gap between past and live; memory per reader is one page. Does not: buffer for a slow reader; it falls behind and reads
 * from disk again.
 */
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import { Fault, invalidArgument, streamDeleted } from '../wire/faults';
import { compileFilter, isBookkeeping } from '../log/filter';
import type { Frame } from '../log/frame';
import type { EventLog, Page } from '../log/log';
import { Outlet } from '../wire/outlet';
import { BadPattern } from '../log/pattern';
import type { NodeContext } from './context';
import { randomUUIDBytes, uuidText } from '../bytes/uuid';
import {
  encodeCaughtUp,
  encodeCheckpoint,
  encodeConfirmation,
  encodeFirstStreamPosition,
  encodeLastAllPosition,
  encodeLastStreamPosition,
  encodeReadEvent,
  encodeStreamNotFound,
} from './streams-answers';
import type { Filter, ReadRequest } from './streams-requests';

type Call = ServerWritableStream<ReadRequest, Buffer>;

const PAGE = 256;
/** A live subscriber that lags further behind is notified again when it has caught up, as in the original. */
const LAG = 32;
const DEFAULT_WINDOW = 32;
/** The value that some clients send for the end of $all. */
const LAST_POSITION = 2n ** 64n - 1n;
const beyond = (value: bigint) => (value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value));

/** Handles one Read call of the Streams service. */
export async function read(context: NodeContext, call: Call): Promise<void> {
  const { request, metadata } = call;
  if (request.target === 'none') throw invalidArgument('A read needs a stream or $all.');
  if (request.target === 'stream' && request.stream!.length === 0) throw invalidArgument('The stream name is empty.');
  const stream = request.target === 'all' ? '$all' : request.stream!.toString('utf8');
  context.authorizeStream(metadata, stream, 'read');
  if (request.subscription) {
    if (request.backwards) throw invalidArgument('A subscription reads forwards.');
    await (request.target === 'all' ? followAll(context.log, call) : followStream(context.log, call, stream));
  } else if (request.target === 'all') await readAll(context.log, call);
  else await readStream(context.log, call, stream);
}

async function readStream(log: EventLog, call: Call, stream: string): Promise<void> {
  const { request } = call;
  const state = log.state(stream);
  if (state.tombstoned) throw streamDeleted(stream);
  if (request.from === 'end' && !request.backwards) {
    throw new Fault(status.UNKNOWN, 'Unexpected ReadStreamResult: Error. A stream is read forwards from its start or from a revision.');
  }
  const outlet = new Outlet(call);
  if (!state.exists) return void (await outlet.send(encodeStreamNotFound(request.stream!)));
  if (request.filter) throw invalidArgument('A filter is valid for $all only.');
  const reader = log.openReader(true);
  let left = request.count === undefined ? Number.MAX_SAFE_INTEGER : beyond(request.count);
  let from: number | undefined = request.from === 'start' ? 0 : request.from === 'end' ? Number.MAX_SAFE_INTEGER : beyond(request.from);
  if (request.compatibility >= 1 && state.last >= state.first) await outlet.send(encodeFirstStreamPosition(BigInt(state.first)));
  while (left > 0 && from !== undefined) {
    const page: Page = log.readStream(stream, from, request.backwards, Math.min(left, PAGE), reader);
    if (!(await outlet.send(...encoded(log, request, page.frames, outlet)))) return;
    reader.release();
    left -= page.frames.length;
    from = page.next;
    await breathe();
  }
  if (request.compatibility >= 1) await outlet.send(encodeLastStreamPosition(BigInt(state.last)));
}

async function readAll(log: EventLog, call: Call): Promise<void> {
  const { request } = call;
  const outlet = new Outlet(call);
  const reader = log.openReader(true);
  const passes = request.filter && filterOf(request.filter);
  let left = request.count === undefined ? Number.MAX_SAFE_INTEGER : beyond(request.count);
  refuseForeignPosition(log, request);
  let from: number | undefined = allStart(log, request);
  if (request.backwards && from === 0) return;
  while (left > 0 && from !== undefined) {
    const page: Page = log.readAll(from, request.backwards, Math.min(passes ? PAGE : left, PAGE), reader);
    let frames = page.frames;
    if (passes) frames = frames.filter(passes).slice(0, left);
    if (!(await outlet.send(...encoded(log, request, frames, outlet)))) return;
    reader.release();
    left -= frames.length;
    from = page.next;
    await breathe();
  }
  if (request.compatibility >= 1) await outlet.send(encodeLastAllPosition(BigInt(log.end)));
}

/** As in the original: a position that this log does not have belongs to another log, or is a mistake. */
function refuseForeignPosition(log: EventLog, { from }: ReadRequest): void {
  if (typeof from === 'bigint' && !log.isPosition(beyond(from))) throw invalidArgument('Trying to read from an invalid position.');
}

function allStart(log: EventLog, request: ReadRequest): number {
  if (request.from === 'start') return 0;
  if (request.from === 'end') return log.end;
  return Math.min(beyond(request.from), log.end);
}

async function followStream(log: EventLog, call: Call, stream: string): Promise<void> {
  const { request } = call;
  if (log.state(stream).tombstoned) throw streamDeleted(stream);
  if (request.filter) throw invalidArgument('A filter is valid for $all only.');
  const outlet = new Outlet(call);
  if (!(await confirm(outlet))) return;
  let next = request.from === 'start' ? 0 : request.from === 'end' ? log.state(stream).last + 1 : beyond(request.from) + 1;
  const reader = log.openReader(true);
  const wakeUps = new WakeUps();
  const unfollow = log.followStream(stream, wakeUps.wake);
  onEnd(call, wakeUps.wake);
  try {
    let live = false;
    while (outlet.open) {
      const heard = wakeUps.count;
      const state = log.state(stream);
      if (state.tombstoned) throw streamDeleted(stream);
      const page = log.readStream(stream, next, false, PAGE, reader);
      if (!(await outlet.send(...encoded(log, request, page.frames, outlet)))) return;
      reader.release();
      if (page.frames.length > LAG) live = false;
      const last = page.frames.at(-1);
      if (last) next = last.ordinal + 1;
      if (page.next !== undefined) {
        next = page.next;
        await breathe();
        continue;
      }
      if (!live) {
        live = true;
        if (!(await outlet.send(encodeCaughtUp()))) return;
      }
      reader.rest();
      await wakeUps.after(heard);
    }
  } finally {
    unfollow();
  }
}

async function followAll(log: EventLog, call: Call): Promise<void> {
  const { request } = call;
  const filter = request.filter;
  const passes = filter && filterOf(filter);
  if (typeof request.from === 'bigint' && request.from !== LAST_POSITION && request.from > BigInt(log.end)) {
    throw invalidArgument(`Position ${request.from} is beyond the end of the log, ${log.end}.`);
  }
  const outlet = new Outlet(call);
  if (!(await confirm(outlet))) return;
  refuseForeignPosition(log, request);
  const interval = filter ? Math.max(1, filter.checkpointMultiplier) * (filter.window ?? DEFAULT_WINDOW) : Infinity;
  let next = allStart(log, request);
  const after = typeof request.from === 'bigint' && request.from !== LAST_POSITION ? beyond(request.from) : -1;
  let considered = 0;
  let checkpoint = after;
  let seen = next === log.end ? (log.readAll(next, true, 1).frames[0]?.offset ?? after) : after;
  const check = () => {
    considered = 0;
    checkpoint = seen;
    return encodeCheckpoint(BigInt(seen));
  };
  const reader = log.openReader(true);
  const wakeUps = new WakeUps();
  const unfollow = log.follow(wakeUps.wake);
  onEnd(call, wakeUps.wake);
  try {
    let live = false;
    while (outlet.open) {
      const heard = wakeUps.count;
      // Taken before the page is sent: events committed while a slow reader is waited for belong to the next page.
      const { end } = log;
      const page = log.readAll(next, false, PAGE, reader);
      const messages: Buffer[] = [];
      for (const frame of page.frames) {
        if (frame.offset <= after) continue;
        seen = frame.offset;
        if (!passes || passes(frame)) messages.push(encodeEvent(log, request, frame, outlet));
        if (++considered >= interval) messages.push(check());
      }
      if (!(await outlet.send(...messages))) return;
      reader.release();
      if (page.frames.length > LAG) live = false;
      next = page.next ?? Math.max(next, end);
      if (page.next !== undefined) {
        await breathe();
        continue;
      }
      if (log.end > next) continue;
      if (!live) {
        live = true;
        const last = passes && seen > checkpoint ? [check()] : [];
        if (!(await outlet.send(...last, encodeCaughtUp()))) return;
      }
      reader.rest();
      await wakeUps.after(heard);
    }
  } finally {
    unfollow();
  }
}

function filterOf(filter: Filter): (frame: Frame) => boolean {
  if (filter.checkpointMultiplier < 1) throw invalidArgument('The checkpoint interval multiplier is less than 1.');
  if (filter.window === 0) throw invalidArgument('The filter window is less than 1.');
  try {
    const passes = compileFilter(filter);
    return (frame) => passes(frame) && !isBookkeeping(frame.stream);
  } catch (error) {
    if (error instanceof BadPattern) throw invalidArgument(error.message);
    throw error;
  }
}

const confirm = (outlet: Outlet) => outlet.send(encodeConfirmation(uuidText(randomUUIDBytes())));

const encoded = (log: EventLog, request: ReadRequest, frames: readonly Frame[], outlet: Outlet): Buffer[] =>
  frames.map((frame) => encodeEvent(log, request, frame, outlet));

function encodeEvent(log: EventLog, { resolveLinks, structuredIds }: ReadRequest, frame: Frame, { room }: Outlet): Buffer {
  if (!resolveLinks || frame.type !== '$>') return encodeReadEvent(frame, undefined, structuredIds, room);
  return encodeReadEvent(linkTarget(log, frame), frame, structuredIds, room);
}

/** The event that a link points to, or undefined if it is gone. */
function linkTarget(log: EventLog, link: Frame): Frame | undefined {
  const text = link.data.toString('utf8');
  const at = text.indexOf('@');
  if (at < 1 || !/^\d{1,15}$/.test(text.slice(0, at))) return undefined;
  return log.event(text.slice(at + 1), Number(text.slice(0, at)));
}

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

function onEnd(call: Call, listener: () => void): void {
  for (const event of ['cancelled', 'close', 'error']) call.once(event, listener);
}

/** Wakes one waiter; a wake-up before the wait began is not lost. */
class WakeUps {
  count = 0;
  private resume: (() => void) | undefined;

  readonly wake = (): void => {
    this.count++;
    this.resume?.();
  };

  async after(heard: number): Promise<void> {
    if (this.count !== heard) return;
    await new Promise<void>((resolve) => (this.resume = resolve));
    this.resume = undefined;
  }
}
