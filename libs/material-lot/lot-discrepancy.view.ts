import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { DiscrepancyKind, type StockDiscrepancyObserved } from './material-lot.events';

registerEnumType(DiscrepancyKind, { name: 'DiscrepancyKind', description: 'Why a count is implausible.' });

/** A count that differs from the books: for a person to check. */
@Entity('lot_discrepancy')
@Index(['facilityId', 'observedAt'])
@Index(['observedAt'])
@Index(['lotId', 'observedAt'])
@ObjectType('LotDiscrepancy', {})
export class LotDiscrepancy {
  /** Id of the event. */
  @Key()
  eventId: string;

  @Cell('id')
  lotId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(DiscrepancyKind)
  kind: DiscrepancyKind;

  @Cell('amount')
  counted: string;

  /** Unit of what was counted. */
  @Cell('text')
  countedUnit: string;

  /** The amount in the books; absent for an unknown lot. */
  @Cell('amount', { optional: true })
  expected: string | null;

  /** Unit of the books. */
  @Cell('text', { optional: true })
  expectedUnit: string | null;

  /** Counted less booked, in the unit of the books; absent where the units differ. */
  @Cell('amount', { optional: true })
  difference: string | null;

  /** Floor time of the count. */
  @Cell('instant')
  observedAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** Every count that differs from the books. */
export const lotDiscrepancy: View<LotDiscrepancy, StockDiscrepancyObserved> = {
  name: 'lot-discrepancy',
  version: 1,
  row: LotDiscrepancy,
  events: ['StockDiscrepancyObserved'],
  keys: ({ id }) => [id],
  fold: (rows, { id: eventId, data, position, recordedAt }) => {
    const { lotId, kind, counted, expected, difference, at: observedAt } = data;
    rows.put({
      eventId,
      lotId,
      facilityId: facilityOf(lotId),
      kind,
      counted: counted.amount,
      countedUnit: counted.unit,
      expected: expected?.amount ?? null,
      expectedUnit: expected?.unit ?? null,
      difference,
      observedAt,
      position,
      recordedAt,
    });
  },
};
