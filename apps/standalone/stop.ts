import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { holderOf, lives } from '#platform/embedded/directory-lock';
import { stopPostgres } from '#platform/embedded/embedded-postgres';
import { readConfig } from '#platform/runtime/config';
import { stopOrphans } from './child';

/** Ends everything that `npm start` runs in a data directory, also what a killed start has left. Reports what it does; false if nothing ran. */
export async function stopSystem(directory: string, drainSeconds: number, say: (text: string) => void): Promise<boolean> {
  if (!existsSync(directory)) return false;
  const supervisor = holderOf(directory);
  if (supervisor) {
    say(`Stopping the system in ${directory} (process ${supervisor.pid}) …`);
    process.kill(supervisor.pid, 'SIGTERM');
    // The worker and the api, one after the other, then both stores.
    for (const until = performance.now() + (2 * drainSeconds + 60) * 1_000; lives(supervisor); await sleep(50)) {
      if (performance.now() < until) continue;
      say('It did not stop in time and is killed.');
      process.kill(supervisor.pid, 'SIGKILL');
      break;
    }
  }
  const orphans = await stopOrphans(join(directory, 'run'), say);
  const postgres = await stopPostgres(join(directory, 'postgres'));
  if (postgres) say('Stopped PostgreSQL, left by an earlier start.');
  return supervisor !== undefined || orphans > 0 || postgres;
}

/** `npm stop`. */
export async function stop(): Promise<void> {
  const config = readConfig('standalone');
  const directory = resolve(config.DATA_DIR);
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  say(
    (await stopSystem(directory, config.DRAIN_SECONDS + 2 * config.DRAIN_NOTICE_SECONDS, say))
      ? 'Stopped.'
      : `No system is running in ${directory}.`,
  );
}
