import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { legIdOf } from '#manufacturing/order-ids';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type CustomerOrderEvent, LegStatus, LegStep } from './customer-order.events';

registerEnumType(LegStatus, { name: 'LegStatus', description: 'Status of a leg of a customer order.' });

/** A leg of a customer order at a plant: step, attempts, last error, and what was compensated. */
@Entity('customer_order_leg')
@Index(['customerOrderId', 'leg'])
@Index(['facilityId', 'status'])
@Index(['status', 'againAt'])
@ObjectType('CustomerOrderLeg', {})
export class CustomerOrderLeg {
  /** Id of its production order and of its work order at the plant. */
  @Key()
  legId: string;

  /** The plant. */
  @ScopeCell()
  facilityId: string;

  @Cell('id')
  customerOrderId: string;

  /** Number of the leg, counted through all plans. */
  @Cell('whole')
  leg: number;

  @Cell('id')
  planId: string;

  @Cell('id')
  capacityId: string;

  @CellOneOf(LegStatus)
  status: LegStatus;

  /** The step that was done, undone or refused last. */
  @CellOneOf(LegStep, { optional: true })
  step: LegStep | null;

  /** Attempts at that step. */
  @Cell('whole')
  attempt: number;

  /** When the step is tried again. */
  @Cell('instant', { optional: true })
  againAt: string | null;

  /** Code and text of the last refusal. */
  @Cell('text', { optional: true })
  lastError: string | null;

  /** Steps that are done and not undone, in their order. */
  @Cell('texts')
  done: string[];

  /** Steps that were undone, in the order of their undo. */
  @Cell('texts')
  compensated: string[];

  /** The step whose undo waits for a person. */
  @CellOneOf(LegStep, { optional: true })
  blocked: LegStep | null;

  /** Why it was undone. */
  @Cell('text', { optional: true })
  why: string | null;

  /** Planned quantity. */
  @Cell('amount')
  quantity: string;

  @Cell('amount')
  good: string;

  @Cell('amount')
  scrap: string;

  /** What has arrived where it was shipped to. */
  @Cell('amount')
  received: string;

  @Cell('instant', { optional: true })
  plannedStart: string | null;

  @Cell('instant', { optional: true })
  plannedEnd: string | null;

  @Cell('instant', { optional: true })
  startedAt: string | null;

  @Cell('instant', { optional: true })
  endedAt: string | null;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type OfLeg = Extract<CustomerOrderEvent, { data: { leg: number } }>;
type Read = OfLeg | Extract<CustomerOrderEvent, { type: 'PlanChosen' }>;

/** What an event changes in the row of its leg. */
function changes(row: CustomerOrderLeg, { type, data }: OfLeg): Partial<CustomerOrderLeg> {
  const undone = (step: LegStep) => ({
    step,
    againAt: null,
    blocked: null,
    done: row.done.filter((each) => each !== step),
    compensated: [...row.compensated, step],
  });
  switch (type) {
    case 'CustomerLegStepDone': {
      const status = data.step === 'Release' && row.status === 'Planned' ? LegStatus.Released : row.status;
      return { status, step: data.step, attempt: data.attempt, againAt: null, done: [...row.done, data.step] };
    }
    case 'CustomerLegStepRefused':
      return { step: data.step, attempt: data.attempt, againAt: data.againAt ?? null, lastError: `${data.code}: ${data.message}` };
    case 'CustomerLegStepUndone':
    case 'CompensationSettled':
      return undone(data.step);
    case 'CompensationBlocked':
      return { blocked: data.step, againAt: null };
    case 'CompensationRetried':
      return { blocked: null };
    case 'CustomerLegUndone':
      return { status: 'Undone', why: data.why };
    case 'CustomerLegReduced':
      return { quantity: data.to };
    case 'CustomerLegStarted':
      return { status: 'Started', startedAt: data.startedAt };
    case 'CustomerLegEnded':
      return {
        status: row.status === 'Delivered' ? row.status : LegStatus.Ended,
        good: data.made.good,
        scrap: data.made.scrap,
        endedAt: row.endedAt ?? data.endedAt,
      };
    case 'CustomerLegDelivered':
      return { status: 'Delivered', received: data.delivery.received };
  }
}

/** Every leg of every customer order, also those that were undone. */
export const customerOrderLeg: View<CustomerOrderLeg, Read> = {
  name: 'customer-order-leg',
  version: 1,
  row: CustomerOrderLeg,
  events: [
    'PlanChosen',
    'CustomerLegStepDone',
    'CustomerLegStepRefused',
    'CustomerLegStepUndone',
    'CustomerLegUndone',
    'CustomerLegReduced',
    'CustomerLegStarted',
    'CustomerLegEnded',
    'CustomerLegDelivered',
    'CompensationBlocked',
    'CompensationRetried',
    'CompensationSettled',
  ],
  keys: ({ type, data }) =>
    type === 'PlanChosen'
      ? data.legs.map(({ leg, facilityId }) => legIdOf(data.customerOrderId, leg, facilityId))
      : [legIdOf(data.customerOrderId, data.leg, data.facilityId)],
  fold: (rows, event) => {
    const { position, recordedAt } = event;
    const { customerOrderId } = event.data;
    if (event.type === 'PlanChosen') {
      for (const { leg, facilityId, capacityId, quantity, start, end } of event.data.legs) {
        const nothing = { step: null, attempt: 0, againAt: null, lastError: null, done: [], compensated: [], blocked: null, why: null };
        rows.put({
          legId: legIdOf(customerOrderId, leg, facilityId),
          facilityId,
          customerOrderId,
          leg,
          planId: event.data.planId,
          capacityId,
          status: LegStatus.Planned,
          ...nothing,
          quantity,
          good: '0',
          scrap: '0',
          received: '0',
          plannedStart: start ?? null,
          plannedEnd: end ?? null,
          startedAt: null,
          endedAt: null,
          position,
          recordedAt,
        });
      }
      return;
    }
    const row = rows.get(legIdOf(customerOrderId, event.data.leg, event.data.facilityId));
    if (row) rows.put({ ...row, ...changes(row, event), position, recordedAt });
  },
};
