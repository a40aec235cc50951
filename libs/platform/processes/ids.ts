/**
 * Ids that the engine derives. Hides how. Promises: the same for the same thing, for ever. Does not: make ids of requested actions, which are
 * random: nobody can guess one and claim it before the process does.
 */
import { commandIdOf } from '#platform/commands/command-ids';

/** Id of the input by which an instance hears what became of a requested action. */
export const answerIdOf = (commandId: string): string => commandIdOf(`${commandId}/refused`);
/** Id of a timer as an input, by the step that set it. */
export const timerIdOf = (stream: string, timer: string, setAt: bigint): string => commandIdOf(`${stream}/${timer}/${setAt}`);
