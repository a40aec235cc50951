/**
 * Backup of the embedded node's log. Hides: where it lies. Promises: a backup was read back byte by byte; nothing is copied over a log. Does not:
 * back up an EventStoreDB cluster, which has its own way.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { backup, restore, verify, type Verified } from '#event-log/log/backup';
import { directoryOf, type Whereabouts } from './system';
import { PlainFault, say, sayJson } from './terminal';

type Flags = Whereabouts & { to?: string; from?: string; of?: string; json?: boolean };

/** The directory of the node: that of `npm start` lies below its data directory. */
function nodeOf(flags: Flags): string {
  const directory = directoryOf(flags);
  return existsSync(join(directory, 'log')) ? directory : join(directory, 'event-store');
}

function done(what: string, where: string, flags: Flags, work: () => Verified): void {
  let found: Verified;
  try {
    found = work();
  } catch (error) {
    throw new PlainFault(`${(error as Error).message}`);
  }
  const { events, streams, end } = found;
  if (flags.json) sayJson({ directory: where, events, streams, end });
  else say(`${what} ${where}: ${events} events in ${streams} streams, ${end} bytes, each read and checked.`);
}

export function addLogFileCommands(group: Command): void {
  const command = (name: string, description: string) => group.command(name).description(description).option('--json', 'as JSON');
  command('backup', 'copy the log of the embedded node, which may keep running, and check the copy')
    .requiredOption('--to <directory>', 'an empty directory, or one that does not exist yet')
    .action((_: unknown, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const to = resolve(flags.to!);
      done('Backed up to', to, flags, () => backup(nodeOf(flags), to));
    });
  command('restore', 'put a backup into the data directory of a system that has never run')
    .requiredOption('--from <directory>', 'what `log backup` made')
    .action((_: unknown, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const to = nodeOf(flags);
      done('Restored into', to, flags, () => restore(resolve(flags.from!), to));
    });
  command('verify', 'read and check every byte of a log of the embedded node, or of a backup')
    .option('--of <directory>', 'of a backup; the log of the data directory when absent')
    .action((_: unknown, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const of = flags.of ? resolve(flags.of) : nodeOf(flags);
      done('Whole:', of, flags, () => verify(of));
    });
}
