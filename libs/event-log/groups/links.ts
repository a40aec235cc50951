/**
 * Link events: what they point to, and those that park a message. Hides: their text format. Promises: the format of the original server and
 * client. Does not: read or write the log.
 */
import { randomUUIDBytes } from '../bytes/uuid';
import type { Frame, NewEvent } from '../log/frame';
import type { Message } from './consumer-group';

/** An event as a consumer gets it. */
export type Resolved = Readonly<{ event: Frame | undefined; link: Frame | undefined }>;

export const jsonEvent = (type: string, data: unknown, metadata: unknown = undefined): NewEvent => ({
  id: randomUUIDBytes(),
  type,
  json: true,
  data: Buffer.from(JSON.stringify(data)),
  metadata: metadata === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(metadata)),
});

/** `rev@stream` of a link event, or undefined. */
export const targetOf = (link: Frame): { ordinal: number; stream: string } | undefined => {
  const [, ordinal, stream] = /^(\d{1,15})@(.+)$/su.exec(link.data.toString('utf8')) ?? [];
  return ordinal === undefined ? undefined : { ordinal: Number(ordinal), stream: stream! };
};

/** The correlation id in an event's metadata, or undefined. */
export const correlationOf = (frame: Frame): string | undefined => {
  try {
    const { $correlationId } = JSON.parse(frame.metadata.toString('utf8')) as { $correlationId?: unknown };
    return typeof $correlationId === 'string' && $correlationId !== '' ? $correlationId : undefined;
  } catch {
    return undefined;
  }
};

/** The event that parks a message: a link to it, with the reason. */
export function parkedLink({ payload, position }: Message<Resolved>, reason: string, nowMs: number): NewEvent {
  const target = payload.event ? `${payload.event.ordinal}@${payload.event.stream}` : payload.link!.data.toString('utf8');
  const link = jsonEvent('$>', null, {
    added: new Date(nowMs).toISOString(),
    reason: reason.slice(0, 4_096),
    subscriptionEventNumber: String(position),
  });
  return { ...link, json: false, data: Buffer.from(target) };
}
