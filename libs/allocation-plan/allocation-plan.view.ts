import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { scopeIn } from '#kernel/identity';
import { Cell, CellJson, Key, ScopeCell } from '#platform/views/cells';
import type { AllocationPlanEvent } from './allocation-plan.events';

/** A plan: how an order is split over plants. */
@Entity('allocation_plan')
@Index(['customerOrderId'])
@Index(['facilityId', 'status'])
@ObjectType('AllocationPlan', {})
export class AllocationPlanRow {
  @Key()
  planId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  customerOrderId: string;

  /** Proposed, Accepted, Rejected or Superseded. */
  @Cell('text')
  status: string;

  @Cell('text')
  product: string;

  /** Quantity that was to be placed. */
  @Cell('amount')
  quantity: string;

  @Cell('text')
  unit: string;

  /** Due date that it was planned for. */
  @Cell('instant')
  due: string;

  /** Production and freight, in the currency of the enterprise. */
  @Cell('amount')
  cost: string;

  /** False where not all splits were tried. */
  @Cell('flag')
  proven: boolean;

  /** So much more could be placed at most; of a plan in a batch, of all its orders. */
  @Cell('amount', { optional: true })
  gapQuantity: string | null;

  /** So much cheaper, at most, the same quantity could be placed. */
  @Cell('amount', { optional: true })
  gapCost: string | null;

  /** What is made after the due date: quantity times days. */
  @Cell('amount', { optional: true })
  lateness: string | null;

  /** SHA-256 of the inputs. */
  @Cell('text', { optional: true })
  digest: string | null;

  /** SHA-256 of the inputs of the batch in which it was planned; null where it was planned alone. */
  @Cell('text', { optional: true })
  batch: string | null;

  /** What each plant makes, and when. */
  @CellJson()
  legs: object;

  /** What has no place, in parts by the reason. */
  @CellJson()
  unallocated: object;

  /** What it was made from: the planner of this `algorithm` returns the same plan for it. */
  @CellJson()
  inputs: object;

  @Cell('whole')
  algorithm: number;

  /** Why it was rejected or superseded. */
  @Cell('text', { optional: true })
  reason: string | null;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** All plans. */
export const allocationPlanView: View<AllocationPlanRow, AllocationPlanEvent> = {
  name: 'allocation-plan',
  version: 2,
  row: AllocationPlanRow,
  events: ['AllocationProposed', 'PlanAccepted', 'PlanRejected', 'PlanSuperseded'],
  keys: ({ data }) => [data.planId],
  fold: (rows, { type, data, revision, position, recordedAt }) => {
    const provenance = { revision, position, recordedAt };
    if (type === 'AllocationProposed') {
      const { planId, customerOrderId, legs, unallocated, cost, proven, algorithm, inputs } = data;
      const { product, quantity, unit, due } = inputs.order;
      const off = { gapQuantity: data.gap?.quantity ?? null, gapCost: data.gap?.cost ?? null, lateness: data.lateness ?? null };
      const made = { ...off, digest: data.digest ?? null, batch: inputs.batch?.digest ?? null };
      const of = { planId, facilityId: scopeIn(planId), customerOrderId, product, quantity, unit, due, cost, proven, legs, unallocated };
      rows.put({ ...of, ...made, status: 'Proposed', inputs, algorithm, reason: null, ...provenance });
      return;
    }
    const row = rows.get(data.planId);
    const status = type.slice('Plan'.length);
    if (row) rows.put({ ...row, status, reason: 'reason' in data ? data.reason : null, ...provenance });
  },
};
