/**
 * Plans a batch in a thread of its own, so that the app goes on answering meanwhile. Hides: the thread and the solver in it. Promises: the plan
 * that planBatch makes, or PlanningFailed, which says whether its time was over or the thread failed; no thread is left over. Does not: plan again.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type BatchPlan, planBatch } from './batch';
import type { BatchInputs } from './batch-inputs';
import { loadSolver } from './highs.solver';

/** A batch of 10,000 orders over 20 plants takes less than a tenth of it. */
const PLANNING_TIME_LIMIT_MS = 300_000;

/** Nothing was planned. */
export class PlanningFailed extends Error {
  constructor(
    readonly why: 'time-limit' | 'failed',
    message: string,
  ) {
    super(message);
    this.name = 'PlanningFailed';
  }
}

type Options = Readonly<{
  timeLimitMs?: number;
  /** Most memory of the planner's own data, without the solver's. */
  memoryMb?: number;
}>;
type Answer = Readonly<{ plan: BatchPlan } | { error: string }>;

/** @throws PlanningFailed */
export async function planInThread(inputs: BatchInputs, options: Options = {}): Promise<BatchPlan> {
  const { timeLimitMs = PLANNING_TIME_LIMIT_MS, memoryMb = 2_048 } = options;
  const failed = (why: PlanningFailed['why'], message: string) => new PlanningFailed(why, message);
  const worker = new Worker(__filename, { workerData: { batch: inputs }, resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<BatchPlan>((resolve, reject) => {
      timer = setTimeout(
        () => reject(failed('time-limit', `Planning took longer than ${timeLimitMs / 1_000} s. Plan fewer orders, or allow more time.`)),
        timeLimitMs,
      );
      worker.once('message', (answer: Answer) =>
        'plan' in answer ? resolve(answer.plan) : reject(failed('failed', `Planning failed: ${answer.error}`)),
      );
      worker.once('error', (error) => reject(failed('failed', `The thread that plans has failed: ${error.message}`)));
      worker.once('exit', (code) => reject(failed('failed', `The thread that plans has ended with code ${code}.`)));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

async function serve(inputs: BatchInputs): Promise<void> {
  let answer: Answer;
  try {
    answer = { plan: planBatch(inputs, await loadSolver()) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  parentPort!.postMessage(answer);
}

const given = workerData as { batch?: BatchInputs } | null;
if (!isMainThread && given?.batch && parentPort) void serve(given.batch);
