import type { Message } from '#kernel/decider';
import type { CommandRefused, Process, TimerFired } from '#kernel/process';
import type { EquipmentRegistered } from '#equipment/equipment.events';
import type * as facility from '#facility/facility.commands';
import type { ReferenceKind } from '#manufacturing/references';
import type { MasterDataRegistered } from '#master-data/master-data.events';
import type { WorkOrderReleased } from '#work-order/work-order.events';

type In = EquipmentRegistered | MasterDataRegistered | WorkOrderReleased;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof facility>;

/** One plant and the last kind of which it got its first thing. */
export type Kinds = Readonly<{ facilityId: string; kind?: ReferenceKind }>;

/** A plant that begins to keep things of a kind has references to them checked, unless somebody decided otherwise. */
export const whenFirstOfKindCheckReferences: Process<Kinds, In, Out> = {
  name: 'when-first-of-kind-check-references',
  initial: { facilityId: '' },
  events: ['EquipmentRegistered', 'MasterDataRegistered', 'WorkOrderReleased'],
  status: ({ kind }) => (kind ? 'a kind is kept' : 'nothing is kept'),
  isOver: () => true,
  correlate: ({ data, metadata }) => (data.firstOfKind ? metadata.facility : undefined),
  evolve: (_, input: Input): Kinds => {
    switch (input.type) {
      case 'EquipmentRegistered':
        return { facilityId: plantOf(input.data.equipmentId), kind: 'Equipment' };
      case 'WorkOrderReleased':
        return { facilityId: plantOf(input.data.workOrderId), kind: 'WorkOrder' };
      case 'MasterDataRegistered':
        return { facilityId: input.data.facilityId, kind: input.data.kind };
      default:
        return { facilityId: '' };
    }
  },
  react: ({ facilityId, kind }) =>
    kind ? [{ send: { type: 'CheckReferences', data: { facilityId, kind, on: true, unlessDecided: true } } }] : [],
};

const plantOf = (id: string): string => id.split('.', 1)[0]!;
