/** What reports and plans of an order refer to: machines, people, materials, reason codes, production orders. */
import type { Context, Regard } from '#kernel/decider';
import { facilityOf } from '#manufacturing/facility';
import { type Missing, type Reference, referring, regardsOf } from '#manufacturing/references';
import type { WorkOrder } from './job-states';
import { machinesRegarded } from './machines';
import type * as reports from './report.commands';
import type { WorkOrderEvent } from './work-order.events';
import type * as commands from './work-order.commands';

type OnMachine = Readonly<{ equipmentId?: string; person?: string }>;
const onMachine = ({ equipmentId, person }: OnMachine): Reference[] => referring(['Equipment', equipmentId], ['Person', person]);
const scrapped = ({ scrap }: Readonly<{ scrap?: readonly { reasonCode: string }[] }>): Reference[] =>
  referring(...[...new Set((scrap ?? []).map(({ reasonCode }) => reasonCode))].map((code) => ['ReasonCode', code] as const));
const planned = ({ operations }: commands.UpdateWorkOrder): Reference[] =>
  (operations ?? []).flatMap(({ equipmentId, equipmentClass }) =>
    referring(['Equipment', equipmentId], ['EquipmentClass', equipmentClass]),
  );

/** The references in each command that has some. */
export const references = {
  ReleaseWorkOrder: (command: commands.ReleaseWorkOrder) => [
    ...referring(['Material', command.product], ['ProductionOrder', command.productionOrderId]),
    ...planned(command),
  ],
  UpdateWorkOrder: planned,
  AttachWorkOrder: ({ productionOrderId }: commands.AttachWorkOrder) => referring(['ProductionOrder', productionOrderId]),
  DispatchOperation: onMachine,
  StartWorkOrder: onMachine,
  StartOperation: onMachine,
  ReportProduction: (command: reports.ReportProduction) => [...onMachine(command), ...scrapped(command)],
  CorrectReport: (command: reports.CorrectReport) => [...onMachine(command), ...scrapped(command)],
  ObserveProduction: (command: reports.ObserveProduction) => [
    ...onMachine(command),
    ...scrapped(command),
    ...referring(['Material', command.product]),
  ],
  ReportCounter: onMachine,
};

/** What a decision looks at beside the order. */
export const regards = (
  name: string,
  command: Readonly<Record<string, unknown>>,
  state: WorkOrder,
  regarded: Context['regarded'],
): readonly Regard[] => {
  if (!Object.hasOwn(references, name)) return [];
  const found = references[name as keyof typeof references](command as never);
  return [...machinesRegarded(name, command, state, regarded), ...regardsOf(facilityOf(command['workOrderId'] as string), found)];
};

type Fact = Readonly<{ workOrderId: string; productionOrderId?: string; reportId?: string; counterId?: string; readAt?: string }>;
/** The exception beside a report that names what the plant does not know. */
const flag = ({ workOrderId, productionOrderId, reportId, counterId, readAt }: Fact, { kind, id, retired }: Missing): WorkOrderEvent => ({
  type: 'UnknownReferenceDetected',
  data: {
    workOrderId,
    ...(productionOrderId === undefined ? {} : { productionOrderId }),
    reportId: reportId ?? `${counterId}:${readAt}`,
    kind,
    id,
    ...(retired ? { retired: true as const } : {}),
  },
});
export const flags = { ProductionObserved: flag, CounterRead: flag };
