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

  it('writes no demo into an event store that is not its own, even an empty one, and says whose it is', async () => {
    const own = testDirectory('stop-external');
    const node = spawn(process.execPath, [resolve(__dirname, '../../event-store/main.js')], {
      env: { ...bare, DATA_DIR: join(own, 'store'), PORT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const system: Start[] = [];
    try {
      let said = '';
      node.stdout.on('data', (part: Buffer) => (said += part.toString()));
      await until(
        () => said.includes('LISTENING'),
        45_000,
        () => `the node does not listen: ${said}`,
      );
      const external = `esdb://127.0.0.1:${/LISTENING (\d+)/.exec(said)![1]}?tls=false`;
      const started = new Start({ DATA_DIR: join(own, 'data'), PORT: '0', EVENTSTORE_URL: external });
      system.push(started);
      await started.says('Ready.', 90_000);
      expect(started.output).toContain('No demo enterprise: the event store at EVENTSTORE_URL is not embedded.');
      expect(started.output).toContain(`Writes to        ${external} (EVENTSTORE_URL)`);
      const store = new EventStore(external);
      const { events } = await store.readAll('start', 1_000);
      expect(events.filter(({ stream }) => /^(facility|equipment|customer-order|work-order)-/.test(stream))).toEqual([]);
      await store.close();
    } finally {
      await Promise.all(system.map((each) => each.stop()));
      node.kill('SIGKILL');
    }
  }, 180_000);

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
