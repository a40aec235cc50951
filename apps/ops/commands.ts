import type { Command } from 'commander';
import { addAnalystCommands } from './analysts';
import { addAuditCommands } from './audit';
import { addLogCommands } from './log';
import { addSystemCommands } from './system-commands';
import { addPlanCommand } from './plan';
import { addProcessCommands } from './processes';
import { addTokenCommands } from './tokens';
import { addViewCommands } from './views';

/** All commands but those on tables. */
export function addOtherCommands(program: Command): void {
  addPlanCommand(program);
  addAuditCommands(program);
  addViewCommands(program);
  addLogCommands(program);
  addProcessCommands(program);
  addTokenCommands(program.command('tokens').description('revoke access tokens before they expire'));
  addAnalystCommands(program.command('analysts').description('logins for SQL, each with its facilities'));
  addSystemCommands(program);
}
