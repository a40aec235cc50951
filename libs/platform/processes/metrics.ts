/** What operators see of processes. Promises: labels are names of processes and of few kinds, never ids. */
import { counter, gauge, histogram } from '#platform/runtime/metrics';

export const handledInputs = counter('process_inputs_total', 'Steps taken, by process and kind of input.', ['process', 'kind']);
export const parkedInstances = counter('process_parked_total', 'Times that an instance was parked.', ['process', 'reason']);
export const inputSeconds = histogram('process_input_seconds', 'Time from the recording of an input to the end of its step.', ['process']);
export const inFlight = gauge('process_inputs_in_flight', 'Inputs handed out and not finished, by process.', ['process']);
export const lagSeconds = gauge('process_lag_seconds', 'Age of the oldest input that is not finished, by process.', ['process']);
export const stoppedProcesses = gauge('process_stopped', '1 if a process of this worker is stopped.', ['process']);
export const waitingInstances = gauge('process_instances_parked', 'Instances with inputs waiting behind a fault or a pause.');
export const waitingInputs = gauge('process_inputs_waiting', 'Inputs that wait behind a fault or a pause of their instance.');
export const lateTimers = gauge('process_timers_late', 'Timers that have been due for more than a second.');
