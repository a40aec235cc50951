import type { Context, Regard } from '#kernel/decider';
import { streamOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';

/** How many jobs a machine takes: one; several up to a load; several of one kind; any number (a bench). */
export const CapacityMode = { Unary: 'Unary', Cumulative: 'Cumulative', Batch: 'Batch', Infinite: 'Infinite' } as const;
export type CapacityMode = keyof typeof CapacityMode;

/** Capacity of a machine: jobs at a time, or the total load where it is cumulative; null where it is infinite. */
export type Capacity = Readonly<{ capacityMode: CapacityMode; maxConcurrent: number | null }>;

/** A work order that is assigned to the machine. */
export type Job = Readonly<{ workOrderId: string; load: number; batchKey: string | null }>;

/** How an order came to its end. */
export type OrderEnding = 'Ended' | 'Aborted' | 'Cancelled';

/** What an order says of itself to the decisions of others. */
export type OrderTold = Readonly<{
  over: boolean;
  /** How and when (floor time) it ended, once it is over. */
  ended?: Readonly<{ how: OrderEnding; at: string }>;
  /** The machines on which operations of it run. */
  runsOn: readonly string[];
}>;

export const orderTold = ({ regarded }: Pick<Context, 'regarded'>, workOrderId: string): OrderTold | null | undefined =>
  regarded?.[streamOf('work-order', workOrderId)] as OrderTold | null | undefined;

/** The jobs that still have the machine, by what their orders say: what becomes of an order reaches its machine a moment later. */
export const standing = <J extends Job & Readonly<{ byStart?: boolean }>>(
  context: Pick<Context, 'regarded'>,
  equipmentId: string,
  jobs: readonly J[],
): J[] =>
  jobs.filter(({ workOrderId, byStart }) => {
    const order = orderTold(context, workOrderId);
    return !order || (!order.over && (!byStart || order.runsOn.includes(equipmentId)));
  });

/** The streams of the orders that have a machine. */
export const ordersOf = (jobs: readonly Job[]): Regard[] =>
  jobs.map(({ workOrderId }) => ({ stream: streamOf('work-order', workOrderId), now: true }));

export const isJobOf = (workOrderId: string) => (job: Job) => job.workOrderId === workOrderId;

const totalLoad = (jobs: readonly Job[]): number => jobs.reduce((total, { load }) => total + load, 0);

/** The refusal of one more job beyond the capacity (I4): one job, a total load, a batch of one kind, or no limit. */
export function noRoom({ capacityMode, maxConcurrent }: Capacity, jobs: readonly Job[], job: Job): Rejected | undefined {
  const most = maxConcurrent ?? Infinity;
  const facts = { capacityMode, maxConcurrent, workOrderIds: jobs.map(({ workOrderId }) => workOrderId).slice(0, 20) };
  switch (capacityMode) {
    case 'Unary':
      return jobs.length
        ? new Rejected('equipment-occupied', `The machine is occupied by ${jobs[0]!.workOrderId}. Complete or unassign it first.`, facts)
        : undefined;
    case 'Cumulative': {
      const free = most - totalLoad(jobs);
      return job.load > free
        ? new Rejected('capacity-exceeded', `\`load\` must not exceed the free capacity of ${free}, was ${job.load}.`, { ...facts, free })
        : undefined;
    }
    case 'Batch':
      if (job.batchKey === null) return new Rejected('batch-key-missing', 'A job for a batch machine needs `batchKey`.', facts);
      if (jobs.some(({ batchKey }) => batchKey !== job.batchKey))
        return new Rejected(
          'batch-incompatible',
          `\`batchKey\` must be ${jobs[0]!.batchKey}, the key of the current batch, was ${job.batchKey}.`,
          { ...facts, batchKey: jobs[0]!.batchKey },
        );
      return jobs.length >= most
        ? new Rejected('capacity-exceeded', `The batch is full: ${jobs.length} of ${most} jobs. Unassign one first.`, facts)
        : undefined;
    case 'Infinite':
      return undefined;
  }
}
