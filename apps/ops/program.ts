/** The command line: its commands, and what an error becomes. */
import 'reflect-metadata';
import { Command, CommanderError } from 'commander';
import { ConfigFaults, EXIT_CONFIG } from '#platform/runtime/config';
import { Conflict, StoreUnavailable } from '#platform/store/refusals';
import { Problem } from '#platform/problem/problem';
import { APP_VERSION } from '#platform/runtime/version';
import { addImportCommands } from './import';
import { PlainFault, tell } from './terminal';

const program = new Command('npm run ops --')
  .description('Work on the running system from the command line.')
  .option('--data-dir <directory>', 'data directory of `npm start`, where endpoints.json is (default: DATA_DIR or .data)')
  .option('--api <url>', 'address of the api')
  .option('--token <jwt>', 'access token; else OPS_TOKEN, else the one of endpoints.json')
  .showHelpAfterError('(--help shows all commands)')
  .exitOverride();

addImportCommands(program);
// Other commands load every slice, which takes longer than many an import.
const [command] = program.parseOptions(process.argv.slice(2)).operands;
if (command !== 'import' && command !== 'reconcile') {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { addOtherCommands } = require('./commands') as typeof import('./commands');
  addOtherCommands(program);
}
// Last: from here on parsing answers --version.
program.version(APP_VERSION);

/** 0: done; 1: failed; 2: done, with findings; 64: wrong usage; 78: wrong settings. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  if (error instanceof PlainFault) {
    if (error.message) tell(error.message);
    return error.exitCode;
  }
  if (error instanceof ConfigFaults) {
    tell(error.message);
    return EXIT_CONFIG;
  }
  if (error instanceof Problem || error instanceof StoreUnavailable || error instanceof Conflict) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    tell(`${error.message}${cause}${error instanceof Problem && error.extra.whatToDo ? ` ${error.extra.whatToDo}` : ''}`);
    return 1;
  }
  tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

/** Carries out the command of this app's arguments; the exit code. */
export const run = (): Promise<number> => program.parseAsync(process.argv).then(() => 0, exitCodeOf);
