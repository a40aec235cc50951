/**
 * The rules for floor reports. An observed report is recorded with an exception event for each rule that it breaks. A command is refused for
 * the rules in `refusals`; what else it breaks is recorded beside its report. To refuse one more rule, name it in `refusals`.
 */
import { compare, isZero, plus } from '#manufacturing/quantity';
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { SKEW_MS } from '#manufacturing/clocks';
import { facilityOf } from '#manufacturing/facility';
import { excess, upperLimit } from '#manufacturing/tolerance';
import { allows, isOver, toleranceOf, type KnownOrder, type ReleasedOrder } from './job-states';
import { overlappedBy, repeatedBy } from './ledger';
import { mostAtOnce, othersOn } from './machines';
import { operationOf, scrapOf, upstreamOf } from './operations';
import { ReportKind, type Told } from './report.events';
import { MismatchField, TimeProblem, type OrderMismatchDetected, type ReportExceptionEvent } from './report-exception.events';

/** What a rule may look at beside the order. */
type Look = Pick<Context, 'now' | 'regarded'>;
type Claims = Readonly<{ operationName?: string; product?: string; ordered?: string; orderedUnit?: string }>;

/** The rules that a report breaks, the gravest first. */
export function brokenRules(order: KnownOrder, told: Told, context: Look, claims: Claims = {}): ReportExceptionEvent[] {
  const { now } = context;
  const { workOrderId, productionOrderId } = order;
  const { reportId, operationId, equipmentId, from, to, unit } = told;
  const of = { workOrderId, ...(productionOrderId === undefined ? {} : { productionOrderId }), reportId };
  const found: ReportExceptionEvent[] = [];
  const mismatch = (field: MismatchField, known: string, saying: string) =>
    found.push({ type: 'OrderMismatchDetected', data: { ...of, field, known, told: saying } });
  const implausible = (problem: TimeProblem) => found.push({ type: 'ImplausibleTimeDetected', data: { ...of, problem, from, to } });

  found.push(...brokenStateRules(order, of));
  if (Date.parse(to) < Date.parse(from)) implausible(TimeProblem.EndBeforeStart);
  if (inTheFuture(from, now) || inTheFuture(to, now)) implausible(TimeProblem.InTheFuture);
  if (order.status !== 'Observed' && Date.parse(to) < beginningOf(order) - SKEW_MS) implausible(TimeProblem.BeforeRelease);

  if (unit !== order.unit) mismatch(MismatchField.Unit, order.unit, unit);
  found.push(...brokenMachineRules(of, equipmentId));
  if (claims.product && order.product && claims.product !== order.product) mismatch(MismatchField.Product, order.product, claims.product);
  if (claims.ordered && order.ordered && (compare(claims.ordered, order.ordered) !== 0 || claims.orderedUnit !== order.unit)) {
    mismatch(MismatchField.Quantity, `${order.ordered} ${order.unit}`, `${claims.ordered} ${claims.orderedUnit}`);
  }

  found.push(...unplannedRules(order, of, operationId, claims.operationName));
  const scrap = scrapOf(told.scrap);
  if (told.kind === ReportKind.Production && isZero(told.good) && isZero(scrap) && isZero(told.rework)) {
    found.push({ type: 'ZeroQuantityDetected', data: of });
  }
  if (unit === order.unit) found.push(...brokenQuantityRules(order, of, operationId, told.good, scrap));

  const repeats = repeatedBy(order.ledger, told);
  if (repeats) found.push({ type: 'RepeatedReportDetected', data: { ...of, repeats } });
  const overlaps = overlappedBy(order.ledger, told, mostAtOnce(context, equipmentId));
  if (overlaps.length > 0) found.push({ type: 'OverlapDetected', data: { ...of, equipmentId, overlaps } });
  found.push(...occupiedRules(order, of, told, context));
  return found;
}

/** An order may be released after work on it began: then its start counts. */
const beginningOf = ({ releasedAt, startedAt }: ReleasedOrder): number =>
  Math.min(Date.parse(releasedAt), startedAt === undefined ? Infinity : Date.parse(startedAt));

type OnReport = Readonly<{ workOrderId: string; productionOrderId?: string; reportId: string }>;

/** A machine of another facility is recorded as reported, and flagged. */
export function brokenMachineRules(of: OnReport, equipmentId: string): ReportExceptionEvent[] {
  const [known, told] = [facilityOf(of.workOrderId), facilityOf(equipmentId)];
  return known === told ? [] : [{ type: 'OrderMismatchDetected', data: { ...of, field: MismatchField.Facility, known, told } }];
}

/** The plan of the order has no such operation. */
export function unplannedRules(order: KnownOrder, of: OnReport, operationId: string, name = operationId): ReportExceptionEvent[] {
  if (order.status === 'Observed' || operationOf(order.operations, operationId)?.planned) return [];
  return [{ type: 'UnplannedOperationDetected', data: { ...of, operationId, name } }];
}

/** Another order has the machine, and there is no room for this one beside it (I4). */
export function occupiedRules(
  order: KnownOrder,
  of: OnReport,
  span: Readonly<{ equipmentId: string; from: string; to: string }>,
  context: Look,
): ReportExceptionEvent[] {
  const others = othersOn(context, order, span);
  return others.length > 0 ? [{ type: 'MachineOccupiedDetected', data: { ...of, equipmentId: span.equipmentId, others } }] : [];
}

export const inTheFuture = (at: string, now: string): boolean => Date.parse(at) > Date.parse(now) + SKEW_MS;

/** Pieces are made while an order runs: not before, and not after (I17). */
export function brokenStateRules(order: KnownOrder, of: OnReport): ReportExceptionEvent[] {
  if (isOver(order)) return [{ type: 'ReportOnClosedOrderDetected', data: { ...of, status: order.status } }];
  if (order.status === 'Observed' || allows('Report', order.status)) return [];
  return [{ type: 'ReportBeforeStartDetected', data: { ...of, status: order.status } }];
}

/** The rules for amounts: not more than the tolerance allows (I2), not more than upstream passed on (I3). */
export function brokenQuantityRules(
  order: KnownOrder,
  of: OnReport,
  operationId: string,
  good: string,
  scrap: string,
): ReportExceptionEvent[] {
  const found: ReportExceptionEvent[] = [];
  const before = operationOf(order.operations, operationId);
  const after = plus(before?.good ?? '0', good);
  const over = order.ordered === undefined || isZero(good) ? undefined : excess(after, order.ordered, toleranceOf(order));
  if (over) {
    const limit = upperLimit(order.ordered!, toleranceOf(order));
    found.push({ type: 'OverproductionDetected', data: { ...of, operationId, good: after, limit, excess: over, unit: order.unit } });
  }
  const scrapped = plus(before?.scrap ?? '0', scrap);
  const makes = !isZero(good) || !isZero(scrap);
  const scraps = makes && !isZero(scrapped);
  if (order.ordered !== undefined && !over && scraps && excess(plus(after, scrapped), order.ordered, toleranceOf(order))) {
    const limit = upperLimit(order.ordered, toleranceOf(order));
    found.push({ type: 'ScrapBeyondOrderDetected', data: { ...of, operationId, good: after, scrap: scrapped, limit, unit: order.unit } });
  }
  const upstream = upstreamOf(order.operations, operationId);
  if (upstream && before && !before.overlapAllowed && makes) {
    const used = plus(plus(before.good, before.scrap), plus(good, scrap));
    if (compare(used, upstream.good) > 0) {
      found.push({
        type: 'UpstreamShortfallDetected',
        data: { ...of, operationId, upstreamOperationId: upstream.operationId, used, passedOn: upstream.good, unit: order.unit },
      });
    }
  }
  return found;
}

type RefusalOf = { readonly [E in ReportExceptionEvent as E['type']]?: (data: E['data']) => Rejected };

/** The rules that a command is refused for. Not among them: overlaps, repeats, scrap beyond the order. */
const refusals: RefusalOf = {
  ReportOnClosedOrderDetected: (data) =>
    new Rejected('work-order-over', `The order is ${data.status} and accepts corrections only.`, { ...data }),
  ReportBeforeStartDetected: (data) => new Rejected('work-order-state', 'The order has not started. Start it first.', { ...data }),
  ImplausibleTimeDetected: (data) => {
    const { from, to } = data;
    const allowed = '`from` and `to` must be in order, not in the future and not before the release';
    return new Rejected('time-implausible', `${allowed}, were ${from} and ${to}.`, { ...data });
  },
  UnplannedOperationDetected: (data) =>
    new Rejected('operation-unknown', `Unknown operation ${data.operationId} of this order.`, { ...data }),
  ZeroQuantityDetected: (data) =>
    new Rejected('zero-quantity', 'At least one of `good`, `scrap` and `rework` must be above 0.', { ...data }),
  OverproductionDetected: (data) => {
    const { operationId, good, limit, unit } = data;
    return new Rejected(
      'over-tolerance',
      `Operation ${operationId} may make at most ${limit} ${unit}; this report would bring it to ${good}.`,
      { ...data },
    );
  },
  UpstreamShortfallDetected: (data) => {
    const { upstreamOperationId, passedOn, used, unit } = data;
    const sentence = `Operation ${upstreamOperationId} has passed on ${passedOn} ${unit}; this report would use ${used}.`;
    return new Rejected('upstream-short', sentence, { ...data });
  },
  OrderMismatchDetected: (data) => mismatches[data.field](data),
};

const mismatches: Readonly<Record<MismatchField, (data: OrderMismatchDetected['data']) => Rejected>> = {
  Unit: (data) =>
    new Rejected('unit-incompatible', `${data.told} cannot be converted exactly to ${data.known}, the unit of the order.`, { ...data }),
  Facility: (data) =>
    new Rejected('wrong-facility', `\`equipmentId\` must be in the facility ${data.known} of the order, was in ${data.told}.`, { ...data }),
  Product: (data) => new Rejected('order-mismatch', `\`product\` must be ${data.known}, was ${data.told}.`, { ...data }),
  Quantity: (data) => new Rejected('order-mismatch', `The ordered quantity must be ${data.known}, was ${data.told}.`, { ...data }),
};

/** The exceptions to record beside a command's report. @throws Rejected where a broken rule refuses the command */
export function refuseOrFlag(found: readonly ReportExceptionEvent[]): readonly ReportExceptionEvent[] {
  for (const { type, data } of found) {
    const refusal = refusals[type];
    if (refusal) throw refusal(data as never);
  }
  return found;
}
