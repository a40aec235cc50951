/**
 * Hides: the system projections that sort all events by category, type and stream into streams of links.
 * Promises: each event is linked once and in log order, also after a crash between a link and its checkpoint.
 * Does not: run projections that users write.
 */
import { createHash } from 'node:crypto';
import { StreamDeleted } from '../log/refusals';
import type { Frame, NewEvent } from '../log/frame';
import type { EventLog } from '../log/log';
import { randomUUIDBytes, uuidText } from '../bytes/uuid';

/** Names of the projections, as the original's. */
export const SYSTEM_PROJECTIONS = ['$by_category', '$by_event_type', '$streams', '$stream_by_category'] as const;
export type SystemProjection = (typeof SYSTEM_PROJECTIONS)[number];

type Link = { to: string; target: string };

const isSystem = (stream: string) => stream.startsWith('$');
const self = (frame: Frame) => (frame.type === '$>' ? frame.data.toString('utf8') : `${frame.ordinal}@${frame.stream}`);
/** The part before the first dash; a name without one has no category. */
function categoryOf(stream: string): string | undefined {
  const dash = stream.indexOf('-');
  return dash > 0 ? stream.slice(0, dash) : undefined;
}

const sorting: Record<SystemProjection, (frame: Frame) => Link | undefined> = {
  $by_category(frame) {
    const category = isSystem(frame.stream) || frame.tombstone ? undefined : categoryOf(frame.stream);
    return category === undefined ? undefined : { to: `$ce-${category}`, target: self(frame) };
  },
  $by_event_type(frame) {
    return frame.type === '$>' || frame.tombstone || isBookkeeping(frame.stream)
      ? undefined
      : { to: `$et-${frame.type}`, target: self(frame) };
  },
  $streams(frame) {
    return isSystem(frame.stream) || frame.ordinal !== 0 || frame.tombstone ? undefined : { to: '$streams', target: self(frame) };
  },
  $stream_by_category(frame) {
    const category = isSystem(frame.stream) || frame.ordinal !== 0 || frame.tombstone ? undefined : categoryOf(frame.stream);
    return category === undefined ? undefined : { to: `$category-${category}`, target: `0@${frame.stream}` };
  },
};

const isBookkeeping = (stream: string) => stream.startsWith('$projections-') || stream.startsWith('$persistentsubscription-');
const PAGE = 500;
/** Links after which a checkpoint is written. */
const CHECKPOINT_EVERY = 2000;
/**
 * Milliseconds for which new events are collected: their links are written in few appends that do not compete with writers, and a
 * subscriber to the end of a sorted stream just after an append still gets its links, as with the original.
 */
const GATHER_MS = 100;

/** Keeps projections up to date until the returned function is called. */
export function runSystemProjections(log: EventLog, names: readonly SystemProjection[]): () => Promise<void> {
  const running = names.map((name) => new Running(log, name));
  return async () => {
    await Promise.all(running.map((projection) => projection.stop()));
  };
}

/** Makes a stopped projection begin at the first event of the log when it runs next. */
export async function rewind(log: EventLog, name: SystemProjection): Promise<void> {
  await log.append(checkpointStreamOf(name), 'any', [checkpointAt(0)]);
}

const checkpointStreamOf = (name: SystemProjection) => `$projections-${name}-checkpoint`;
const checkpointAt = (position: number): NewEvent => {
  const metadata = Buffer.from(JSON.stringify({ $c: position }));
  return { id: randomUUIDBytes(), type: '$ProjectionCheckpoint', json: true, data: Buffer.alloc(0), metadata };
};

class Running {
  private stopped = false;
  private ring: () => void = () => undefined;
  private hurry: () => void = () => undefined;
  private readonly done: Promise<void>;
  private readonly checkpointStream: string;
  private sinceCheckpoint = 0;

  constructor(
    private readonly log: EventLog,
    private readonly name: SystemProjection,
  ) {
    this.checkpointStream = checkpointStreamOf(name);
    this.done = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.ring();
    this.hurry();
    await this.done;
  }

  private async run(): Promise<void> {
    const { log } = this;
    let heard = false;
    const unfollow = log.follow(() => {
      heard = true;
      this.ring();
    });
    /** Links up to here may have been written before a crash, without their checkpoint. */
    const uncertain = log.end;
    let position = lastPosition(log, this.checkpointStream);
    const reader = log.openReader();
    try {
      while (!this.stopped) {
        heard = false;
        const { end } = log;
        const page = log.readAll(position, false, PAGE, reader);
        if (await this.link(page.frames, uncertain)) {
          position = page.next ?? Math.max(position, end);
          if (this.sinceCheckpoint >= CHECKPOINT_EVERY) await this.checkpoint(position);
          if (page.next !== undefined) continue;
        } else await new Promise((resolve) => setTimeout(resolve, 1000));
        if (this.stopped) continue;
        if (!heard && log.end <= position) await new Promise<void>((resolve) => (this.ring = resolve));
        await this.gather();
      }
      if (this.sinceCheckpoint > 0) await this.checkpoint(position);
    } catch {
      // A damaged or closing log: readers get errors from their own calls; a projection just ends.
    } finally {
      unfollow();
    }
  }

  private async gather(): Promise<void> {
    if (this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Writes the links of one page; false if the disk refuses for now. */
  private async link(frames: readonly Frame[], uncertain: number): Promise<boolean> {
    const byStream = new Map<string, NewEvent[]>();
    for (const frame of frames) {
      const link = sorting[this.name](frame);
      if (!link) continue;
      if (frame.offset < uncertain && lastPosition(this.log, link.to) >= frame.offset) continue;
      const links = byStream.get(link.to) ?? [];
      links.push(linkEvent(`${this.name}:${uncertain}`, frame, link.target));
      byStream.set(link.to, links);
    }
    const writes = [...byStream].map(([stream, links]) => this.log.append(stream, 'any', links));
    const outcomes = await Promise.allSettled(writes);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected' && !(outcome.reason instanceof StreamDeleted));
    if (refused.length > 0) return false;
    for (const links of byStream.values()) this.sinceCheckpoint += links.length;
    return true;
  }

  private async checkpoint(position: number): Promise<void> {
    this.sinceCheckpoint = 0;
    await this.log.append(this.checkpointStream, 'any', [checkpointAt(position)]).catch(() => undefined);
  }
}

/** Log position in the metadata of a stream's newest event; if there is none, -1 for links and 0 for checkpoints. */
function lastPosition(log: EventLog, stream: string): number {
  const newest = log.readStream(stream, Number.MAX_SAFE_INTEGER, true, 1).frames[0];
  if (!newest) return stream.startsWith('$projections-') ? 0 : -1;
  try {
    const { $c } = JSON.parse(newest.metadata.toString('utf8')) as { $c?: unknown };
    return typeof $c === 'number' ? $c : -1;
  } catch {
    return -1;
  }
}

/** `run` identifies one run of a projection: within it a repeated link is recognised; after a reset a deleted stream gets its links again. */
function linkEvent(run: string, frame: Frame, target: string): NewEvent {
  const metadata = { $v: '1:-1:1:4', $c: frame.offset, $p: frame.offset, $o: frame.stream, $causedBy: uuidText(frame.id) };
  return {
    id: nameUuid(`${run}:${frame.offset}`),
    type: '$>',
    json: false,
    data: Buffer.from(target),
    metadata: Buffer.from(JSON.stringify(metadata)),
  };
}

/** A UUID computed from a name, so that a repeated link is recognised. */
function nameUuid(name: string): Buffer {
  const id = createHash('sha1').update(name).digest().subarray(0, 16);
  id[6] = (id[6]! & 0x0f) | 0x50;
  id[8] = (id[8]! & 0x3f) | 0x80;
  return id;
}
