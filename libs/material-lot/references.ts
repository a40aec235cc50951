/** What movements of a lot refer to: materials, work orders, reason codes, places. */
import type { Regard } from '#kernel/decider';
import { streamOf } from '#kernel/identity';
import { facilityOf } from '#manufacturing/facility';
import { type Reference, referring, regardsOf } from '#manufacturing/references';
import type * as commands from './material-lot.commands';

const forOrder = ({ workOrderId }: Readonly<{ workOrderId: string }>): Reference[] => referring(['WorkOrder', workOrderId]);

/** The references in each command that has some. */
export const references = {
  ReceiveLot: ({ materialId, locationId }: commands.ReceiveLot) => referring(['Material', materialId], ['Element', locationId]),
  ProduceLot: ({ materialId, workOrderId, locationId }: commands.ProduceLot) =>
    referring(['Material', materialId], ['WorkOrder', workOrderId], ['Element', locationId]),
  MoveLot: ({ locationId }: commands.MoveLot) => referring(['Element', locationId]),
  ReserveLot: forOrder,
  ConsumeLot: forOrder,
  ScrapLot: ({ reasonCode }: commands.ScrapLot) => referring(['ReasonCode', reasonCode]),
};

/** What a decision looks at beside the lot. An order for which material is reserved is looked at as it is now. */
export const regards = (name: string, command: Readonly<Record<string, unknown>>): readonly Regard[] => {
  if (!Object.hasOwn(references, name)) return [];
  const found = regardsOf(facilityOf(command['lotId'] as string), references[name as keyof typeof references](command as never));
  if (name !== 'ReserveLot') return found;
  const order = streamOf('work-order', command['workOrderId'] as string);
  return found.map((regard) => (regard.stream === order ? { ...regard, now: true as const } : regard));
};
