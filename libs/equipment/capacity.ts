import { Rejected } from '#kernel/rejected';
import type { CapacityMode } from './equipment.events';

/** A work order that has the machine. */
export type Job = Readonly<{ workOrderId: string; load: number; batchKey: string | null }>;

export const isJobOf = (workOrderId: string) => (job: Job) => job.workOrderId === workOrderId;

const totalLoad = (jobs: readonly Job[]): number => jobs.reduce((total, { load }) => total + load, 0);

/** Refuses a job that the machine has no room for (I4): one job, a total load, a batch of one kind, or anything on a bench. */
export function rejectWithoutRoom(
  { capacityMode, maxConcurrent }: Readonly<{ capacityMode: CapacityMode; maxConcurrent: number | null }>,
  jobs: readonly Job[],
  job: Job,
): void {
  const most = maxConcurrent ?? Infinity;
  const facts = { capacityMode, maxConcurrent, workOrderIds: jobs.map(({ workOrderId }) => workOrderId).slice(0, 20) };
  switch (capacityMode) {
    case 'Unary':
      if (jobs.length) throw new Rejected('equipment-occupied', `${jobs[0]!.workOrderId} has the machine.`, facts);
      break;
    case 'Cumulative': {
      const free = most - totalLoad(jobs);
      if (job.load > free)
        throw new Rejected('capacity-exceeded', `A load of ${job.load} is asked for, ${free} is free.`, { ...facts, free });
      break;
    }
    case 'Batch':
      if (job.batchKey === null) throw new Rejected('batch-key-missing', 'A job for a batch machine needs a batch key.', facts);
      if (jobs.some(({ batchKey }) => batchKey !== job.batchKey))
        throw new Rejected('batch-incompatible', `The machine holds a batch of ${jobs[0]!.batchKey}.`, {
          ...facts,
          batchKey: jobs[0]!.batchKey,
        });
      if (jobs.length >= most) throw new Rejected('capacity-exceeded', `The batch is full with ${jobs.length} jobs.`, facts);
      break;
    case 'Infinite':
      break;
  }
}
