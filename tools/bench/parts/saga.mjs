/**
 * A saga of five steps at three facilities: a step is asked of all facilities before the next one. Where a facility refuses, what is done is
 * undone, newest first. In the end the order says how it ended. The engine runs it (saga-worker.mjs), and DBOS runs one of the same shape
 * (dbos-sagas.mjs).
 */
const FACILITIES = ['north', 'south', 'east'];
const STEPS = ['Reserve', 'Order', 'Release', 'Confirm', 'Ship'];
export const TASKS = STEPS.flatMap((step) => FACILITIES.map((facility) => ({ step, facility })));

/** 5 % of them fail, each at another task. Returns the task, from 0, or undefined. */
export const failureOf = (n) => (n % 20 === 7 ? ((n - 7) / 20) % TASKS.length : undefined);

/** Events that the engine and the facilities record for one saga, from the order's first event to its last. */
export function eventsOf(failsAt) {
  // An action has its step, its effect and its outcome; the first step belongs to the order's event.
  const actions = failsAt === undefined ? TASKS.length : 2 * failsAt + 1;
  return 1 + 3 * (actions + 1) + 1;
}
