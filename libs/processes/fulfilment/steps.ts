/**
 * The steps of a leg, each beside its undo. They are done from first to last and undone from last to first. A step that is refused is not tried
 * again where the plant has said no; an undo is tried until it is done, or a person has to act.
 */
import type { LegStep } from '#customer-order/customer-order.events';
import { legIdOf, transferIdOf } from '#manufacturing/order-ids';
import type { Out } from './messages';
import { type Fulfilment, type Leg, since } from './state';

type Say = (state: Fulfilment, leg: Leg) => Out;
type Step = Readonly<{
  step: LegStep;
  do: Say;
  /** Absent where the undo of an earlier step undoes it, too. */
  undo?: Say;
  /** How often it is tried. */
  attempts: number;
  /** Refusals of the undo that say that the pivot has passed. */
  pivot?: readonly string[];
}>;

/** Minutes after which a reservation ends by itself unless it is confirmed. */
const RESERVED_FOR = 30;
/** How often an undo is tried before a person has to act. */
export const UNDO_ATTEMPTS = 5;
/** Minutes until the next attempt. */
export const backoff = (refusals: number): number => 2 ** (refusals - 1);

export const idOf = ({ customerOrderId }: Fulfilment, { leg, facilityId }: Leg): string => legIdOf(customerOrderId, leg, facilityId);
const transferOf = ({ customerOrderId }: Fulfilment, { leg, facilityId, shipment }: Leg): string =>
  transferIdOf(customerOrderId, leg, facilityId, shipment);
/** Unique within the capacity: the local part of the leg's id. */
export const reservationOf = (state: Fulfilment, leg: Leg) => ({
  capacityId: leg.capacityId,
  reservationId: idOf(state, leg).slice(leg.facilityId.length + 1),
});

/** What the leg made, or what of it came back. */
const toShip = ({ made, delivery, again }: Leg): string => (delivery ? again : made!.good);

const STEPS: readonly Step[] = [
  {
    step: 'Reserve',
    do: (state, leg) => ({
      type: 'ReserveCapacity',
      data: {
        ...reservationOf(state, leg),
        customerOrderId: state.customerOrderId,
        buckets: [...leg.buckets],
        ...(since(2, state) ? { lastsMinutes: RESERVED_FOR } : {}),
      },
    }),
    undo: (state, leg) => ({ type: 'ReleaseReservation', data: { ...reservationOf(state, leg), reason: leg.why } }),
    attempts: 1,
  },
  {
    step: 'Order',
    do: (state, leg) => ({
      type: 'CreateProductionOrder',
      data: {
        productionOrderId: idOf(state, leg),
        product: state.demand!.product,
        quantity: { amount: leg.quantity, unit: state.demand!.unit },
        due: state.demand!.due,
        priority: state.demand!.priority,
        customerRef: state.customerOrderId,
      },
    }),
    undo: (state, leg) => ({ type: 'CancelProductionOrder', data: { productionOrderId: idOf(state, leg), reason: leg.why } }),
    attempts: 1,
  },
  {
    step: 'Release',
    do: (state, leg) => ({
      type: 'ReleaseWorkOrder',
      data: {
        workOrderId: idOf(state, leg),
        productionOrderId: idOf(state, leg),
        product: state.demand!.product,
        quantity: { amount: leg.quantity, unit: state.demand!.unit },
        operations: operationsOf(state),
        ...(leg.start ? { plannedStart: leg.start } : {}),
        ...(leg.end ? { plannedEnd: leg.end } : {}),
        allowStart: true,
      },
    }),
    undo: (state, leg) => ({ type: 'CancelWorkOrder', data: { workOrderId: idOf(state, leg), reason: leg.why } }),
    attempts: 1,
    pivot: ['work-order-state', 'work-order-over'],
  },
  { step: 'Confirm', do: (state, leg) => ({ type: 'ConfirmReservation', data: reservationOf(state, leg) }), attempts: 1 },
  {
    step: 'Ship',
    do: (state, leg) => ({
      type: 'PlanTransfer',
      data: {
        transferId: transferOf(state, leg),
        toFacilityId: state.demand!.shipTo!,
        items: [{ materialId: state.demand!.product, quantity: { amount: toShip(leg), unit: state.demand!.unit } }],
        customerOrderId: state.customerOrderId,
      },
    }),
    undo: (state, leg) => ({
      type: 'CancelTransfer',
      data: { transferId: transferOf(state, leg), reason: leg.outdated ? 'what was made has been corrected' : state.reason },
    }),
    attempts: 3,
    pivot: ['transfer-shipped', 'transfer-state', 'transfer-over'],
  },
];

export const stepOf = (step: LegStep): Step => STEPS.find((each) => each.step === step)!;
/** The steps that lead to the pivot; what was made is shipped after it. */
const BEFORE_THE_START = STEPS.filter(({ step }) => step !== 'Ship');

/** The step that comes next. */
export const nextStep = ({ done }: Leg): LegStep | undefined => BEFORE_THE_START.find(({ step }) => !done.includes(step))?.step;
/** The step that is undone next: the last one that has an undo. */
export const lastUndoable = ({ done }: Leg): LegStep | undefined =>
  [...STEPS].reverse().find(({ step, undo }) => undo && done.includes(step))?.step;

/** The operations of the work master. Without one, one operation makes the product. */
const operationsOf = ({ operations, demand }: Fulfilment) =>
  operations.length > 0 ? [...operations] : [{ operationId: '10', name: demand!.product, sequence: 10 }];
