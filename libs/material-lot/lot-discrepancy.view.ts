import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { Quantity } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { CountedBy, DiscrepancyKind, type StockDiscrepanciesRevised, type StockDiscrepancyObserved } from './material-lot.events';

registerEnumType(DiscrepancyKind, { name: 'DiscrepancyKind', description: 'Why a count is implausible.' });

registerEnumType(CountedBy, { name: 'CountedBy', description: 'What says how much was there: a count, or an adjustment.' });

/** A count that differs from the books of its time, as far as they are known now: for a person to check. */
@Entity('lot_discrepancy')
@Index(['facilityId', 'observedAt'])
@Index(['observedAt'])
@Index(['lotId', 'observedAt'])
@ObjectType('LotDiscrepancy', {})
export class LotDiscrepancy {
  /** The lot and the count. */
  @Key()
  discrepancyId: string;

  /** Id of the event that told it last. */
  @Cell('id')
  eventId: string;

  @Cell('id')
  lotId: string;

  @ScopeCell()
  facilityId: string;

  /** An adjustment is a count, too: a movement before it may become known later. */
  @CellOneOf(CountedBy)
  countedBy: CountedBy;

  /** The count, or the adjustment. */
  @Cell('text')
  countId: string;

  @CellOneOf(DiscrepancyKind)
  kind: DiscrepancyKind;

  @Cell('amount')
  counted: string;

  /** Unit of what was counted. */
  @Cell('text')
  countedUnit: string;

  /** The amount in the books of that time, as known now; absent for an unknown lot. */
  @Cell('amount', { optional: true })
  expected: string | null;

  /** Unit of the books. */
  @Cell('text', { optional: true })
  expectedUnit: string | null;

  /** Counted less booked, in the unit of the books; absent where the units differ. */
  @Cell('amount', { optional: true })
  difference: string | null;

  /** Id of the event since which they agree, e.g. a movement that became known later; absent while they differ. */
  @Cell('id', { optional: true })
  settledBy: string | null;

  /** Floor time of the count. */
  @Cell('instant')
  observedAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** A count has one row for how it differs, and one for each other thing that is wrong with it. */
const idOf = (lotId: string, by: CountedBy, countId: string, kind?: DiscrepancyKind | null): string =>
  `${lotId}/${by}/${countId}${kind === 'FRACTION_OF_PIECE' || kind === 'COUNT_ID_REUSED' ? `/${kind}` : ''}`;

/** Every count that differs from the books of its time, or did. */
export const lotDiscrepancy: View<LotDiscrepancy, StockDiscrepancyObserved | StockDiscrepanciesRevised> = {
  name: 'lot-discrepancy',
  version: 2,
  row: LotDiscrepancy,
  events: ['StockDiscrepancyObserved', 'StockDiscrepanciesRevised'],
  keys: ({ type, data }) =>
    type === 'StockDiscrepancyObserved'
      ? [idOf(data.lotId, 'Count', data.countId, data.kind)]
      : data.counts.map(({ by, countId }) => idOf(data.lotId, by, countId)),
  fold: (rows, event) => {
    const { id: eventId, type, data, position, recordedAt } = event;
    const { lotId } = data;
    const told = { eventId, lotId, facilityId: facilityOf(lotId), position, recordedAt };
    if (type === 'StockDiscrepancyObserved') {
      const { countId, kind, counted, expected, difference, at: observedAt } = data;
      const discrepancyId = idOf(lotId, 'Count', countId, kind);
      const amounts = amountsOf(counted, expected, difference);
      rows.put({ ...told, discrepancyId, countedBy: 'Count', countId, kind, ...amounts, settledBy: null, observedAt });
      return;
    }
    for (const { by: countedBy, countId, kind: found, counted, expected, difference, at: observedAt } of data.counts) {
      const discrepancyId = idOf(lotId, countedBy, countId);
      const kind = found ?? rows.get(discrepancyId)?.kind;
      if (!kind) continue;
      const amounts = amountsOf(counted, expected, difference);
      rows.put({ ...told, discrepancyId, countedBy, countId, kind, ...amounts, settledBy: found ? null : eventId, observedAt });
    }
  },
};

const amountsOf = (counted: Quantity, expected: Quantity | null, difference: string | null) => ({
  counted: counted.amount,
  countedUnit: counted.unit,
  expected: expected?.amount ?? null,
  expectedUnit: expected?.unit ?? null,
  difference,
});
