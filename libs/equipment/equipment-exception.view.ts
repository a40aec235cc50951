import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { EquipmentEvent } from './equipment.events';

/** An implausible observation of a machine: recorded, flagged, and for a person to check. */
@Entity('equipment_exception')
@Index(['facilityId', 'observedAt'])
@Index(['observedAt'])
@Index(['equipmentId', 'observedAt'])
@Index(['kind', 'observedAt'])
@ObjectType('EquipmentException', {})
export class EquipmentException {
  /** Id of the event. */
  @Key()
  eventId: string;

  @Cell('id')
  equipmentId: string;

  @ScopeCell()
  facilityId: string;

  /** The event type, e.g. IllegalTransitionObserved. */
  @Cell('text')
  kind: string;

  /** What is wrong, as a sentence. */
  @Cell('text')
  details: string;

  /** Floor time of the observation. */
  @Cell('instant')
  observedAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type Exceptional = Extract<EquipmentEvent, { type: `${string}Observed` }>;

/** What is wrong, and its floor time; undefined for the observation itself. */
function described(event: Exceptional): readonly [details: string, at: string] | undefined {
  const { type, data } = event;
  switch (type) {
    case 'IllegalTransitionObserved': {
      const missed = data.missed.length ? `; the observer may have missed ${data.missed.join(' or ')}` : '';
      return [`PackML does not allow ${data.from} to ${data.to}${missed}`, data.at];
    }
    case 'LateStateObserved':
      return [`${data.reported} arrived after ${data.knownState} was known since ${data.knownSince}`, data.at];
    case 'UnknownStateObserved':
      return [`unknown state ${data.reported}: neither a PackML state nor a code of this machine`, data.at];
    case 'UnregisteredEquipmentObserved':
      return [`${data.reported} observed on a machine that is not registered`, data.at];
    case 'ClockAheadObserved':
      return [`the observer's clock is ahead: ${data.claimedAt}`, data.takenAt];
    case 'CapacityExceededObserved':
      return [`${data.workOrderId} started while ${data.others.join(', ') || 'no order'} had the machine (${data.code})`, data.at];
    case 'EquipmentStateObserved':
      return undefined;
  }
}

/** Every implausible observation of machines. */
export const equipmentException: View<EquipmentException, Exceptional> = {
  name: 'equipment-exception',
  version: 2,
  row: EquipmentException,
  events: [
    'IllegalTransitionObserved',
    'LateStateObserved',
    'UnknownStateObserved',
    'UnregisteredEquipmentObserved',
    'ClockAheadObserved',
    'CapacityExceededObserved',
  ],
  keys: ({ id }) => [id],
  fold: (rows, event) => {
    const odd = described(event);
    if (!odd) return;
    const [details, observedAt] = odd;
    const { id: eventId, type: kind, position, recordedAt } = event;
    const { equipmentId } = event.data;
    rows.put({ eventId, equipmentId, facilityId: facilityOf(equipmentId), kind, details, observedAt, position, recordedAt });
  },
};
