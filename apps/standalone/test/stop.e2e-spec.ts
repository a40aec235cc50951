import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lives, markOf, type ProcessMark } from '#platform/embedded/directory-lock';
import { EventStore } from '#platform/store/event-store';
import { testDirectory } from '#platform/testing/testing';
import { Start, until } from './start';

const stopMain = resolve(__dirname, '../stop.js');
const bare: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: process.env.HOME };

describe('the system started by npm start', () => {
  const dataDir = join(testDirectory('stop'), 'data');
  const env = { DATA_DIR: dataDir, PORT: '0' };
  const npmStop = () =>
    spawnSync(process.execPath, ['-e', `require(${JSON.stringify(stopMain)}).stop()`], { env: { ...bare, ...env }, encoding: 'utf8' });
  const everything = (): ProcessMark[] => [
    ...['api', 'worker', 'event-store'].map(
      (name) => JSON.parse(readFileSync(join(dataDir, 'run', `${name}.pid.json`), 'utf8')) as ProcessMark,
    ),
    markOf(Number(readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]))!,
  ];
  /** Files and directories that another account may read or list; PostgreSQL keeps its own by itself. */
  const open = (directory: string): string[] =>
    readdirSync(directory).flatMap((name) => {
      const path = join(directory, name);
      const entry = lstatSync(path);
      if (/postgres\/(cluster|binaries)$/.test(path)) return [];
      return [...((entry.mode & 0o077) !== 0 ? [path] : []), ...(entry.isDirectory() ? open(path) : [])];
    });

  it('is closed to other accounts, is stopped by npm stop, and nothing is stopped twice', async () => {
    const system = new Start(env, '--empty');
    await system.says('Ready.');
    expect(system.output).toContain(`Writes to        ${join(dataDir, 'event-store')} (embedded, new)`);
    expect(lstatSync(dataDir).mode & 0o077).toBe(0);
    expect(open(dataDir)).toEqual([]);

    const { eventstore } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as { eventstore: string };
    const store = new EventStore(eventstore);
    expect(await store.head({ business: true })).toBe(-1n);
    await store.close();

    const marks = everything();
    const stopped = npmStop();
    expect(stopped.stdout).toContain(`Stopping the system in ${dataDir} (process ${system.process.pid})`);
    expect(stopped.stdout).toMatch(/Stopped\.\n$/);
    expect(await system.ended).toBe(0);
    expect(marks.filter(lives)).toEqual([]);
    expect(npmStop().stdout).toBe(`No system is running in ${dataDir}.\n`);
  }, 120_000);

  it('gets a demo enterprise if the store is new, and none if it has the history of a backup', async () => {
    // Without its state file the directory looks like one with a restored backup; here the demo's own events are the backup.
    rmSync(join(dataDir, 'state.json'));
    const first = new Start(env);
    await first.says('Ready.');
    const told = ['Creating a demo enterprise in ', join(dataDir, 'event-store'), 'Created a demo enterprise'].map((text) =>
      first.output.indexOf(text),
    );
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told[0]).toBeGreaterThan(0);
    expect(await first.stop()).toBe(0);
    rmSync(join(dataDir, 'state.json'));
    const second = new Start(env);
    await second.says('Ready.');
    expect(second.output).toContain('No demo enterprise: the event store already holds events');
    expect(second.output).toContain('(embedded, with the history of earlier starts)');
    expect(await second.stop()).toBe(0);
  }, 120_000);

  it('ends with npm, whose shell forwards no signal', async () => {
    // `; true` keeps the shell from becoming the system itself.
    const command = `"${process.execPath}" "${resolve(__dirname, '../main.js')}" --empty; true`;
    const shell = spawn('/bin/sh', ['-c', command], { env: { ...bare, ...env, npm_lifecycle_event: 'start' }, stdio: 'ignore' });
    await until(
      () => existsSync(join(dataDir, 'endpoints.json')),
      60_000,
      () => 'it does not start',
    );
    const marks = everything();
    shell.kill('SIGTERM');
    await until(
      () => marks.filter(lives).length === 0,
      40_000,
      () => `still there: ${JSON.stringify(marks.filter(lives))}`,
    );
  }, 120_000);

  it('is stopped by npm stop even if the supervisor was killed', async () => {
    const system = new Start(env, '--empty');
    await system.says('Ready.');
    const postgres = everything().at(-1)!;
    await system.stop('SIGKILL');
    const stopped = npmStop();
    expect(stopped.stdout).toContain('Stopped PostgreSQL, left by an earlier start.');
    expect(lives(postgres)).toBe(false);
  }, 120_000);
});
