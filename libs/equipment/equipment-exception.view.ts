import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { EquipmentEvent } from './equipment.events';

/** Something odd that was observed of a machine: recorded, flagged, and for a person to look at. */
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

  /** What it is about, in words. */
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

/** What is odd, in words, and when it was so; undefined for an observation itself. */
function described(event: Exceptional): readonly [details: string, at: string] | undefined {
  const { type, data } = event;
  switch (type) {
    case 'IllegalTransitionObserved': {
      const missed = data.missed.length ? `; ${data.missed.join(' or ')} may have been missed` : '';
      return [`${data.from} to ${data.to} is not allowed${missed}`, data.at];
    }
    case 'LateStateObserved':
      return [`${data.reported} arrived after ${data.knownState} was known since ${data.knownSince}`, data.at];
    case 'UnknownStateObserved':
      return [`${data.reported} is no state of PackML and no code known for this machine`, data.at];
    case 'UnregisteredEquipmentObserved':
      return [`${data.reported} was observed, but the machine is not registered`, data.at];
    case 'ClockAheadObserved':
      return [`the observer's clock said ${data.claimedAt}`, data.takenAt];
    case 'EquipmentStateObserved':
      return undefined;
  }
}

/** Everything odd that was observed of machines. */
export const equipmentException: View<EquipmentException, Exceptional> = {
  name: 'equipment-exception',
  version: 1,
  row: EquipmentException,
  events: ['IllegalTransitionObserved', 'LateStateObserved', 'UnknownStateObserved', 'UnregisteredEquipmentObserved', 'ClockAheadObserved'],
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
