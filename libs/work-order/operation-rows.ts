/**
 * Views with one row for each operation of an order, from its release until it is over. Hides how a plan, its amendments and reported
 * amounts go into rows: amounts are added to the row of their operation, good pieces also to what was passed on to the next one.
 */
import type { View } from '#kernel/view';
import { minus, plus } from '#manufacturing/quantity';
import { madeBefore, scrapOf } from './operations';
import { countedBy } from './report.events';
import type { PlannedOperation, Terms, WorkOrderEvent } from './work-order.events';

export type OperationEvent = Exclude<
  WorkOrderEvent,
  | { type: `${string}Detected` }
  | { type: `Supervisor${string}` }
  | { type: 'WorkOrderObserved' | 'WorkOrderClosed' | 'WorkOrderAttached' | 'WorkOrderDetached' | `EquipmentHold${string}` }
>;
/** The start, the reports and the end of operations. */
export const OPERATION_PROGRESS = [
  'WorkOrderStarted',
  'OperationStarted',
  'OperationCompleted',
  'OperationStopped',
  'ProductionReported',
  'ProductionObserved',
  'ProductionReportReversed',
  'ProductionReportCorrected',
  'CounterRead',
] as const;
type Quantities = Extract<OperationEvent, { type: `Production${string}` | 'CounterRead' }>;
type Planning = Extract<OperationEvent, { type: 'WorkOrderReleased' | 'WorkOrderAmended' }>;
type Ending = Extract<OperationEvent, { type: 'WorkOrderEnded' | 'WorkOrderAborted' | 'WorkOrderCancelled' }>;
/** The events that are left to each view. */
export type ProgressEvent = Exclude<OperationEvent, Quantities | Planning | Ending>;

type OperationRow = { operationId: string; unit: string; good: string; scrap: string; position: bigint; recordedAt: string };
type Place = Readonly<{ workOrderId: string; terms: Terms; operation: PlannedOperation; passedOn: string }>;

type Kind<Row extends OperationRow> = Readonly<{
  /** The row of an operation by its plan; `before` is its row by the former plan, `others` are all rows of the order by that plan. */
  planned: (place: Place, before: Row | undefined, others: readonly Row[]) => Omit<Row, 'position' | 'recordedAt'>;
  /** What was passed on to the operation. */
  passedOn: (row: Row) => string;
  passOn: (amount: string) => Partial<Row>;
  /** The row with the columns that follow from others. */
  settled: (row: Row) => Row;
  /** What an event changes of the rows of its operations; `remove` for operations that leave the view. */
  changes: (event: ProgressEvent) => Partial<Row> | 'remove';
}>;

export const entryIdOf = (workOrderId: string, operationId: string): string => `${workOrderId}/${operationId}`;

const inOrder = (operations: readonly PlannedOperation[]) => [...operations].sort((a, b) => a.sequence - b.sequence);

export const operationRows = <Row extends OperationRow>(kind: Kind<Row>): Pick<View<Row, OperationEvent>, 'keys' | 'fold'> => ({
  keys: ({ type, data }) => {
    const key = (operationId: string) => entryIdOf(data.workOrderId, operationId);
    if (type === 'WorkOrderReleased') return data.operations.map(({ operationId }) => key(operationId));
    if (type === 'WorkOrderAmended') return [...data.from.operations, ...data.to.operations].map(({ operationId }) => key(operationId));
    if ('operationIds' in data) return data.operationIds.map(key);
    return 'nextOperationId' in data && data.nextOperationId !== undefined
      ? [key(data.operationId), key(data.nextOperationId)]
      : [key(data.operationId)];
  },
  fold: (rows, event) => {
    const { type, data, position, recordedAt } = event;
    const { workOrderId } = data;
    const key = (operationId: string) => entryIdOf(workOrderId, operationId);
    const put = (row: Omit<Row, 'position' | 'recordedAt'>) => rows.put(kind.settled({ ...row, position, recordedAt } as Row));
    const change = (operationId: string, changes: (row: Row) => Partial<Row>) => {
      const row = rows.get(key(operationId));
      if (row) put({ ...row, ...changes(row) });
    };
    const count = (unit: string, good: string, scrap: string, apply: typeof plus, operationId: string, next: string | undefined) => {
      const amounts = (row: Row) => ({ good: apply(row.good, good), scrap: apply(row.scrap, scrap) }) as Partial<Row>;
      change(operationId, (row) => (row.unit === unit ? amounts(row) : {}));
      if (next !== undefined) change(next, (row) => (row.unit === unit ? kind.passOn(apply(kind.passedOn(row), good)) : {}));
    };
    switch (type) {
      case 'WorkOrderReleased':
        inOrder(data.operations).forEach((operation, index) =>
          put(kind.planned({ workOrderId, terms: data, operation, passedOn: index === 0 ? data.quantity : '0' }, undefined, [])),
        );
        for (const { operationId, good, scrap, next } of madeBefore(data)) count(data.unit, good, scrap, plus, operationId, next);
        break;
      case 'WorkOrderAmended': {
        const { from, to: terms } = data;
        const known = from.operations.flatMap(({ operationId }) => rows.get(key(operationId)) ?? []);
        for (const { operationId } of from.operations) rows.remove(key(operationId));
        const wasFirst = inOrder(from.operations)[0]!.operationId;
        inOrder(terms.operations).forEach((operation, index) => {
          const before = known.find(({ operationId }) => operationId === operation.operationId);
          // One that is done has no row any more, and gets none.
          if (!before && from.operations.some(({ operationId }) => operationId === operation.operationId)) return;
          const kept = before && before.operationId !== wasFirst ? kind.passedOn(before) : '0';
          put(kind.planned({ workOrderId, terms, operation, passedOn: index === 0 ? terms.quantity : kept }, before, known));
        });
        break;
      }
      case 'WorkOrderEnded':
      case 'WorkOrderAborted':
      case 'WorkOrderCancelled':
        for (const operationId of data.operationIds) rows.remove(key(operationId));
        break;
      case 'CounterRead':
        count(data.unit, countedBy(data), '0', plus, data.operationId, data.nextOperationId);
        break;
      case 'ProductionReported':
      case 'ProductionObserved':
      case 'ProductionReportCorrected':
        count(data.unit, data.good, scrapOf(data.scrap), plus, data.operationId, data.nextOperationId);
        break;
      case 'ProductionReportReversed':
        count(data.unit, data.good, scrapOf(data.scrap), minus, data.operationId, data.nextOperationId);
        break;
      default: {
        const changes = kind.changes(event);
        for (const operationId of 'operationIds' in data ? data.operationIds : [data.operationId])
          if (changes === 'remove') rows.remove(key(operationId));
          else change(operationId, () => changes);
      }
    }
  },
});
