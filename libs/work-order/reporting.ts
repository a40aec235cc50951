/** Decisions on floor reports: produced, observed, read from a counter, corrected. The rules that they are checked against: report-rules.ts. */
import type { Context } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { inUtc } from '#kernel/instant';
import { AMOUNT, compare, convert, fitsUnit, isZero, minus, type Unit } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { advance, ofOperation, previousOf } from './counter';
import {
  brokenRules,
  inTheFuture,
  unplannedRules,
  brokenMachineRules,
  brokenQuantityRules,
  brokenStateRules,
  occupiedRules,
  refuseOrFlag,
} from './report-rules';
import { isOver, ofOrder, type KnownOrder, released, type WorkOrder } from './job-states';
import { evolve } from './evolve';
import { correctionOf, isKept, reportOf, sameStory } from './ledger';
import { atHome } from './machines';
import { operationOf, placeOf } from './operations';
import type * as commands from './report.commands';
import { type CounterMove, type Placed, ReportKind, type Scrap, type Told } from './report.events';
import { TimeProblem } from './report-exception.events';
import type { WorkOrderEvent } from './work-order.events';

/** Report good, scrap and rework of an operation: additive, and once per report id. */
export function reportProduction(command: commands.ReportProduction, state: WorkOrder, context: Context): readonly WorkOrderEvent[] {
  const order = released(state);
  const told = toldBy(command, ReportKind.Production, order.unit);
  const known = reportOf(order.ledger, told.reportId);
  if (known) {
    if (sameStory(known.told, told)) return [];
    throw new Rejected('report-id-taken', 'The report id is already used for another report. Choose another id.', {
      reportId: told.reportId,
    });
  }
  if (!isOver(order)) amountsOf(told).forEach((amount) => whole(amount, told.unit));
  const beside = refuseOrFlag(brokenRules(order, told, context));
  return [{ type: 'ProductionReported', data: { ...ofOrder(order), ...told, ...placeIn(order, told.operationId) } }, ...beside];
}

/** Record a floor report as it is. Never refused: the rules that it breaks are flagged beside it. */
export function observeProduction(command: commands.ObserveProduction, state: WorkOrder, context: Context): readonly WorkOrderEvent[] {
  const { occurredAt } = context;
  const seen: WorkOrderEvent[] =
    state.status === 'Unknown' ? [observedOrder(command, command.ordered?.unit ?? command.unit ?? 'pcs', occurredAt)] : [];
  const order = (state.status === 'Unknown' ? evolve(state, seen[0]!) : state) as KnownOrder;
  const former = command.formerReportId && reportOf(order.ledger, command.formerReportId)?.told.reportId;
  const told = toldBy(former ? { ...command, reportId: former } : command, command.kind, order.unit);
  if (isKept(order.ledger, told)) return [];
  const source = command.sourceRow ? { sourceRow: command.sourceRow } : {};
  if (reportOf(order.ledger, told.reportId))
    return [{ type: 'ConflictingReportDetected', data: { ...ofOrder(order), ...told, ...source } }];
  const claims = {
    ...(command.operationName ? { operationName: command.operationName } : {}),
    ...(command.product ? { product: command.product } : {}),
    ...(command.ordered ? { ordered: command.ordered.amount, orderedUnit: command.ordered.unit } : {}),
  };
  const place = placeIn(order, told.operationId);
  const of = { ...ofOrder(order), reportId: told.reportId };
  return [
    ...seen,
    {
      type: 'ProductionObserved',
      data: {
        ...ofOrder(order),
        ...told,
        ...place,
        ...(command.operationName ? { operationName: command.operationName } : {}),
        ...(command.source ? { source: command.source } : {}),
        ...source,
      },
    },
    ...brokenRules(order, told, context, claims),
    ...fractionRules(of, told),
    ...(command.ordered ? fractions(of, [command.ordered.amount], command.ordered.unit) : []),
  ];
}

/** The advance of a counter counts as good pieces; the reading itself is a fact and never refused. */
export function reportCounter(command: commands.ReportCounter, state: WorkOrder, context: Context): readonly WorkOrderEvent[] {
  const { now, occurredAt } = context;
  const seen: WorkOrderEvent[] = state.status === 'Unknown' ? [observedOrder(command, 'pcs', occurredAt)] : [];
  const order = (state.status === 'Unknown' ? evolve(state, seen[0]!) : state) as KnownOrder;
  const { counterId, operationId, equipmentId, raw } = command;
  const last = entryOf(order.counters, counterId);
  // A reading of a clock that is ahead gets the server's time, or later readings of a right clock would look old.
  const ahead = inTheFuture(occurredAt, now);
  const readAt = ahead ? now : occurredAt;
  const advanced = advance(ofOperation(last, operationId), raw, readAt, command.wrapAt ?? undefined);
  if (!advanced) return [];
  const { delta, move, reset, takesBack } = advanced;
  const reportId = `${counterId}:${occurredAt}`;
  const of = { ...ofOrder(order), reportId };
  const implausible: WorkOrderEvent = {
    type: 'ImplausibleTimeDetected',
    data: { ...of, problem: TimeProblem.InTheFuture, from: occurredAt, to: occurredAt },
  };
  const found = [
    ...(isZero(delta) && !takesBack ? [] : brokenStateRules(order, of)),
    ...(isZero(delta) || takesBack ? [] : brokenQuantityRules(order, of, operationId, delta, '0')),
  ];
  return [
    ...seen,
    {
      type: 'CounterRead',
      data: {
        ...ofOrder(order),
        counterId,
        operationId,
        equipmentId,
        raw,
        ...(last ? { previous: previousOf(last, move) } : {}),
        delta,
        ...(takesBack ? { takesBack } : {}),
        move,
        reset,
        unit: order.unit,
        readAt,
        ...placeIn(order, operationId),
      },
    },
    ...(ahead ? [implausible] : []),
    ...brokenMachineRules(of, equipmentId),
    ...unplannedRules(order, of, operationId),
    ...occupiedRules(order, of, { equipmentId, from: readAt, to: readAt }, context),
    ...(last && DISCONTINUITIES.includes(move)
      ? [
          {
            type: 'CounterDiscontinuityDetected',
            data: {
              ...of,
              counterId,
              move,
              previous: move === 'Recovered' ? (last.dropped?.from ?? last.raw) : previousOf(last, move),
              raw,
            },
          } as const,
        ]
      : []),
    ...fractions(of, [raw], order.unit),
    ...found,
  ];
}

/**
 * Replace a wrong report: a reversal and the right figures, linked (invariant I14). Also on closed orders (I17). The tolerance holds
 * as for any command, but a correction towards it is accepted even where the order is still beyond it.
 */
export function correctReport(command: commands.CorrectReport, state: WorkOrder, context: Context): readonly WorkOrderEvent[] {
  if (state.status === 'Unknown') throw new Rejected('work-order-unknown', 'Unknown work order. Release it first.');
  const { reportId, replacementReportId, reason } = command;
  const wrong = reportOf(state.ledger, reportId)?.told;
  if (!wrong) throw new Rejected('report-unknown', `Unknown report ${reportId}.`, { reportId });
  const right: Told = {
    ...toldBy(
      {
        ...wrong,
        operationId: command.operationId ?? wrong.operationId,
        equipmentId: command.equipmentId ?? wrong.equipmentId,
        reportId: replacementReportId,
        good: command.good,
        scrap: command.scrap,
        rework: command.rework,
      },
      wrong.kind,
      wrong.unit,
    ),
    from: inUtc(command.from ?? wrong.from),
    to: inUtc(command.to ?? wrong.to),
  };
  const correction = correctionOf(state.ledger, reportId);
  if (correction) {
    if (correction.told.reportId === replacementReportId && sameStory(correction.told, right)) return [];
    throw new Rejected(
      'report-corrected',
      `Report ${reportId} was already corrected. Correct its replacement ${correction.told.reportId}.`,
      { reportId, replacedBy: correction.told.reportId },
    );
  }
  if (reportOf(state.ledger, replacementReportId)) {
    throw new Rejected('report-id-taken', 'The report id is already used for another report. Choose another id.', {
      reportId: replacementReportId,
    });
  }
  if (!reason) throw new Rejected('reason-missing', 'A correction needs `reason`.');
  amountsOf(right).forEach((amount) => whole(amount, right.unit));
  if (command.equipmentId) atHome(command.equipmentId, state);
  if (command.operationId && state.status !== 'Observed' && !operationOf(state.operations, command.operationId)?.planned)
    throw new Rejected('operation-unknown', `Unknown operation ${command.operationId}. Use one of the order.`, {
      operationId: command.operationId,
    });
  const reversed: WorkOrderEvent = {
    type: 'ProductionReportReversed',
    data: { ...ofOrder(state), ...wrong, ...placeIn(state, wrong.operationId), replacedBy: replacementReportId, reason },
  };
  const found = brokenRules(evolve(state, reversed) as KnownOrder, right, context).filter(({ type }) => ofCorrections.includes(type));
  const less = right.operationId === wrong.operationId && compare(right.good, wrong.good) <= 0;
  // Times that were recorded as they are do not stand in the way of right quantities.
  const retimed = right.from !== wrong.from || right.to !== wrong.to;
  const grave = (type: string) => (type === 'ImplausibleTimeDetected' && retimed) || (type === 'OverproductionDetected' && !less);
  refuseOrFlag(found.filter(({ type }) => grave(type)));
  return [
    reversed,
    {
      type: 'ProductionReportCorrected',
      data: { ...ofOrder(state), ...right, ...placeIn(state, right.operationId), replaces: reportId, reason },
    },
    ...found,
  ];
}

/** The rules for corrections, which are allowed in any state; a correction to zero withdraws the report. */
const ofCorrections: readonly string[] = [
  'ImplausibleTimeDetected',
  'OverproductionDetected',
  'ScrapBeyondOrderDetected',
  'UpstreamShortfallDetected',
  'OverlapDetected',
];

type Reported = Readonly<{
  reportId: string;
  operationId: string;
  equipmentId: string;
  person?: string;
  good: string;
  scrap?: readonly Scrap[];
  rework?: string;
  unit?: Unit;
  from: string;
  to: string;
}>;

/** The report in the order's unit if it can be converted exactly, else as sent. */
function toldBy(command: Reported, kind: ReportKind, orderUnit: Unit): Told {
  const { reportId, operationId, equipmentId, person, good, from, to } = command;
  const scrap = (command.scrap ?? []).map(({ quantity, reasonCode }) => ({ quantity, reasonCode }));
  const rework = command.rework ?? '0';
  for (const amount of [good, rework, ...scrap.map(({ quantity }) => quantity)]) {
    if (!AMOUNT.test(amount))
      throw new Rejected(
        'quantity-malformed',
        `An amount must be a decimal string of at most 12 digits before and 6 after the point, was ${amount}.`,
        { amount },
      );
  }
  const unit = command.unit ?? orderUnit;
  const told: Told = {
    reportId,
    kind,
    operationId,
    equipmentId,
    ...(person ? { person } : {}),
    good: tidy(good),
    scrap,
    rework: tidy(rework),
    unit,
    from: inUtc(from),
    to: inUtc(to),
  };
  return inUnit(orderUnit, told);
}

type Amounts = Pick<Told, 'good' | 'rework' | 'scrap' | 'unit'>;

/** The amounts in the order's unit if all can be converted exactly, else as they are. */
export function inUnit<A extends Amounts>(orderUnit: Unit, told: A): A {
  const { unit, scrap } = told;
  if (unit === orderUnit) return told;
  const converted = amountsOf(told).map((amount) => convert({ amount, unit }, orderUnit));
  if (converted.some((amount) => amount === undefined)) return told;
  const [good, rework, ...rest] = converted as [string, string, ...string[]];
  return { ...told, good, rework, scrap: scrap.map(({ reasonCode }, index) => ({ quantity: rest[index]!, reasonCode })), unit: orderUnit };
}

const tidy = (amount: string): string => minus(amount, '0');
const amountsOf = ({ good, rework, scrap }: Amounts): string[] => [good, rework, ...scrap.map(({ quantity }) => quantity)];

const DISCONTINUITIES: readonly CounterMove[] = ['Reset', 'Replaced', 'Recovered', 'FellBack', 'BeforeReset'];

/** Pieces are counted, not measured. */
export const fractionRules = (
  of: Readonly<{ workOrderId: string; productionOrderId?: string; reportId: string }>,
  amounts: Amounts,
): WorkOrderEvent[] => fractions(of, amountsOf(amounts), amounts.unit);

const fractions = (
  of: Readonly<{ workOrderId: string; productionOrderId?: string; reportId: string }>,
  amounts: readonly string[],
  unit: Unit,
): WorkOrderEvent[] =>
  amounts.filter((amount) => !fitsUnit(amount, unit)).map((amount) => ({ type: 'FractionOfPieceDetected', data: { ...of, amount } }));

/** @throws Rejected fraction-of-a-piece: pieces are counted, not measured */
export function whole(amount: string, unit: Unit): void {
  if (!fitsUnit(amount, unit))
    throw new Rejected(
      'fraction-of-a-piece',
      `An amount must be a whole number of pieces, was ${amount}. Send whole pieces or another unit.`,
      { amount },
    );
}

const placeIn = (order: KnownOrder, operationId: string): Placed => ({
  ...placeOf(order.operations, operationId),
  ...(isOver(order) ? { late: true as const } : {}),
});

const observedOrder = (
  command: { workOrderId: string; product?: string; ordered?: { amount: string; unit: Unit } },
  unit: Unit,
  observedAt: string,
): WorkOrderEvent => ({
  type: 'WorkOrderObserved',
  data: {
    workOrderId: command.workOrderId,
    ...(command.product ? { product: command.product } : {}),
    ...(command.ordered ? { quantity: command.ordered.amount } : {}),
    unit,
    observedAt,
  },
});
