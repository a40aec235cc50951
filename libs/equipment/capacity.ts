import { Rejected } from '#kernel/rejected';
import type { CapacityMode } from './equipment.events';

/** A work order that is assigned to the machine. */
export type Job = Readonly<{ workOrderId: string; load: number; batchKey: string | null }>;

export const isJobOf = (workOrderId: string) => (job: Job) => job.workOrderId === workOrderId;

const totalLoad = (jobs: readonly Job[]): number => jobs.reduce((total, { load }) => total + load, 0);

/** Refuses a job beyond the machine's capacity (I4): one job, a total load, a batch of one kind, or no limit. */
export function rejectWithoutRoom(
  { capacityMode, maxConcurrent }: Readonly<{ capacityMode: CapacityMode; maxConcurrent: number | null }>,
  jobs: readonly Job[],
  job: Job,
): void {
  const most = maxConcurrent ?? Infinity;
  const facts = { capacityMode, maxConcurrent, workOrderIds: jobs.map(({ workOrderId }) => workOrderId).slice(0, 20) };
  switch (capacityMode) {
    case 'Unary':
      if (jobs.length)
        throw new Rejected('equipment-occupied', `The machine is occupied by ${jobs[0]!.workOrderId}. Unassign it first.`, facts);
      break;
    case 'Cumulative': {
      const free = most - totalLoad(jobs);
      if (job.load > free)
        throw new Rejected('capacity-exceeded', `\`load\` must not exceed the free capacity of ${free}, was ${job.load}.`, {
          ...facts,
          free,
        });
      break;
    }
    case 'Batch':
      if (job.batchKey === null) throw new Rejected('batch-key-missing', 'A job for a batch machine needs `batchKey`.', facts);
      if (jobs.some(({ batchKey }) => batchKey !== job.batchKey))
        throw new Rejected(
          'batch-incompatible',
          `\`batchKey\` must be ${jobs[0]!.batchKey}, the key of the current batch, was ${job.batchKey}.`,
          { ...facts, batchKey: jobs[0]!.batchKey },
        );
      if (jobs.length >= most)
        throw new Rejected('capacity-exceeded', `The batch is full: ${jobs.length} of ${most} jobs. Unassign one first.`, facts);
      break;
    case 'Infinite':
      break;
  }
}
