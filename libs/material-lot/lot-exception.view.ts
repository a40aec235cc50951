import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { BookingOutsideOrderDetected, UseWhileBlockedDetected } from './material-lot.events';

type LotExceptionEvent = UseWhileBlockedDetected | BookingOutsideOrderDetected;

/** A use of a lot that broke a rule, as became known later: for a person to check. */
@Entity('lot_exception')
@Index(['facilityId', 'occurredAt'])
@Index(['occurredAt'])
@Index(['lotId', 'occurredAt'])
@Index(['kind', 'occurredAt'])
@ObjectType('LotException', {})
export class LotException {
  /** Id of the event, and the number of the use in it. */
  @Key()
  exceptionId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  lotId: string;

  /** The event type, e.g. UseWhileBlockedDetected. */
  @Cell('text')
  kind: string;

  /** What the lot was used for: Consumption, Production, Split, Merge, Transfer. */
  @Cell('text')
  use: string;

  /** The consumption or production; the other lot of a split or merge; the transfer and its pick. */
  @Cell('text')
  useId: string;

  /** The order that it was booked for. */
  @Cell('id', { optional: true })
  workOrderId: string | null;

  /** What is wrong, as a sentence. */
  @Cell('text')
  details: string;

  /** Floor time of the use. */
  @Cell('instant')
  occurredAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type Found = Pick<LotException, 'use' | 'useId' | 'workOrderId' | 'details' | 'occurredAt'>;

function found({ type, data }: LotExceptionEvent): Found[] {
  if (type === 'BookingOutsideOrderDetected') {
    const { booking: use, bookingId: useId, workOrderId, ending, endedAt, at } = data;
    return [{ use, useId, workOrderId, details: `the order was ${ending.toLowerCase()} at ${endedAt}`, occurredAt: at }];
  }
  const { holdId, since, uses } = data;
  const details = holdId === null ? `the lot expired at ${since}` : `the lot was on hold ${holdId} since ${since}`;
  return uses.map(({ use, id: useId, workOrderId, at }) => ({ use, useId, workOrderId, details, occurredAt: at }));
}

const idOf = (eventId: string, n: number): string => `${eventId}/${n + 1}`;

/** Every use of a lot that broke a rule, as became known later. */
export const lotException: View<LotException, LotExceptionEvent> = {
  name: 'lot-exception',
  version: 1,
  row: LotException,
  events: ['UseWhileBlockedDetected', 'BookingOutsideOrderDetected'],
  keys: (event) => found(event).map((_, n) => idOf(event.id, n)),
  fold: (rows, event) => {
    const { id, type: kind, position, recordedAt } = event;
    const { lotId } = event.data;
    const of = { facilityId: facilityOf(lotId), lotId, kind, position, recordedAt };
    for (const [n, each] of found(event).entries()) rows.put({ exceptionId: idOf(id, n), ...of, ...each });
  },
};
