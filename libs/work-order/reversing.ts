/** Reversals that the floor reports as amounts alone: which report they take back. */
import { compare, isPositive, minus, plus, type Unit } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { isOver, ofOrder, type KnownOrder, type WorkOrder } from './job-states';
import { reportOf, standing } from './ledger';
import { placeOf } from './operations';
import type * as commands from './report.commands';
import type { Placed, Scrap, Told } from './report.events';
import { fractionRules, inUnit } from './reporting';
import type { WorkOrderEvent } from './work-order.events';

type Amounts = Readonly<{ good: string; rework: string; scrap: readonly Scrap[]; unit: Unit }>;

const byReason = (scrap: readonly Scrap[]): Map<string, string> => {
  const sums = new Map<string, string>();
  for (const { reasonCode, quantity } of scrap) sums.set(reasonCode, plus(sums.get(reasonCode) ?? '0', quantity));
  return sums;
};
const scrapIn = (sums: ReadonlyMap<string, string>): Scrap[] =>
  [...sums].filter(([, quantity]) => isPositive(quantity)).map(([reasonCode, quantity]) => ({ quantity, reasonCode }));

/** What is left of amounts after others were taken away; undefined where there are not as many. */
function left(from: Amounts, taken: Amounts): Amounts | undefined {
  const scrap = byReason(from.scrap);
  for (const { reasonCode, quantity } of taken.scrap) {
    if (compare(scrap.get(reasonCode) ?? '0', quantity) < 0) return undefined;
    scrap.set(reasonCode, minus(scrap.get(reasonCode)!, quantity));
  }
  if (compare(from.good, taken.good) < 0 || compare(from.rework, taken.rework) < 0) return undefined;
  return { good: minus(from.good, taken.good), rework: minus(from.rework, taken.rework), scrap: scrapIn(scrap), unit: from.unit };
}

const isNothing = ({ good, rework, scrap }: Amounts): boolean =>
  compare(good, '0') === 0 && compare(rework, '0') === 0 && scrap.length === 0;

/** Take back what the floor had reported: the report with just these amounts, or else the newest with enough of them. */
export function reverseObservation(command: commands.ReverseObservation, state: WorkOrder): readonly WorkOrderEvent[] {
  const { reportId, formerReportId, operationId, equipmentId, good } = command;
  const unit = command.unit ?? (state.status === 'Unknown' ? 'pcs' : state.unit);
  const named: Amounts = { good: minus(good, '0'), rework: command.rework ?? '0', scrap: scrapIn(byReason(command.scrap ?? [])), unit };
  const taken = state.status === 'Unknown' ? named : inUnit(state.unit, named);
  const known = (id: string | undefined) => (state.status === 'Unknown' || id === undefined ? undefined : reportOf(state.ledger, id));
  const same = known(reportId);
  if (same && same.replaces === undefined)
    throw new Rejected(
      'report-id-taken',
      `${reportId} is a report of pieces that were made. Choose another \`reportId\` for the reversal.`,
      { reportId },
    );
  if (same || known(formerReportId)) return [];
  if (isNothing(taken)) throw new Rejected('zero-quantity', 'The reversal names no pieces at all.');
  const found = state.status === 'Unknown' ? undefined : reversed(state, { operationId, equipmentId }, taken);
  if (state.status === 'Unknown' || !found)
    throw new Rejected('nothing-to-reverse', 'No report of this operation and machine has as many pieces.', {
      operationId,
      equipmentId,
      good,
    });
  const { report, rest } = found;
  const place: Placed = { ...placeOf(state.operations, report.operationId), ...(isOver(state) ? { late: true as const } : {}) };
  const reason = command.reason ?? 'reversed by the floor';
  return [
    { type: 'ProductionReportReversed', data: { ...ofOrder(state), ...report, ...place, replacedBy: reportId, reason } },
    {
      type: 'ProductionReportCorrected',
      data: { ...ofOrder(state), ...report, ...rest, ...place, reportId, replaces: report.reportId, reason },
    },
    ...fractionRules({ ...ofOrder(state), reportId }, taken),
  ];
}

function reversed(
  { ledger }: KnownOrder,
  at: Readonly<{ operationId: string; equipmentId: string }>,
  taken: Amounts,
): Readonly<{ report: Told; rest: Amounts }> | undefined {
  let enough: { report: Told; rest: Amounts } | undefined;
  for (const report of standing(ledger)) {
    if (report.operationId !== at.operationId || report.equipmentId !== at.equipmentId || report.unit !== taken.unit) continue;
    const rest = left(report, taken);
    if (rest && isNothing(rest)) return { report, rest };
    if (rest) enough ??= { report, rest };
  }
  return enough;
}
