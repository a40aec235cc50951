/**
 * Ids that the engine derives. Hides how. Promises: always the same id for the same thing. Does not: make ids of requested actions. Those are
 * random, so that nobody can guess one and use it before the process does.
 */
import { commandIdOf } from '#platform/commands/derived-ids';

/** Id of the input that tells an instance the outcome of a requested action. */
export const answerIdOf = (commandId: string): string => commandIdOf(`${commandId}/refused`);
/** Id of a timer as an input, derived from the step that set it. */
export const timerIdOf = (stream: string, timer: string, setAt: bigint): string => commandIdOf(`${stream}/${timer}/${setAt}`);
