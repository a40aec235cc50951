import { tmpdir } from 'node:os';
import { diskCheck, isDiskFull, measureDatabaseDisk, noteDisk, noteRoom, reportDisks } from './disk';
import { Health } from './health';
import { metricsText } from './metrics';

const lines: string[] = [];
const to = { error: (_: object, text: string) => void lines.push(text), info: (_: object, text: string) => void lines.push(text) };
let stop: () => void;
beforeEach(() => {
  lines.length = 0;
  stop = reportDisks(to as never);
});
const later = (ms: number) => jest.spyOn(Date, 'now').mockReturnValue(Date.now() + ms);
afterEach(() => {
  later(60_000);
  noteRoom('postgresql');
  noteRoom('event store');
  stop();
  jest.restoreAllMocks();
});
const noSpace = Object.assign(new Error('could not extend file "base/1/2": No space left on device'), { code: '53100' });

test.each([
  ['of PostgreSQL', noSpace],
  ['of PostgreSQL in another language', Object.assign(new Error('Auf dem Gerät ist kein Speicherplatz mehr verfügbar'), { code: '53100' })],
  ['of PostgreSQL that the worker wrote down', new Error('could not extend file "base/1/2": No space left on device')],
  ['of the system', Object.assign(new Error('write'), { code: 'ENOSPC' })],
  ['of the event store', new Error('the event store does not answer', { cause: new Error('The node cannot write: ENOSPC: no space') })],
])('a full disk is recognised in an error %s', (_, error) => expect(isDiskFull(error)).toBe(true));

test.each([undefined, null, 'ENOSPC', new Error('ENOSPC of somebody’s text'), Object.assign(new Error(), { code: '53200' })])(
  'other errors are not: %s',
  (error) => {
    expect(noteDisk('postgresql', error)).toBe(false);
    expect(lines).toEqual([]);
  },
);

test('it is logged once, red in the readiness and in the metric, until writes succeed', async () => {
  const health = () => new Health({ disk: diskCheck }).ready();
  expect(await health()).toEqual({ status: 'ready', parts: { disk: 'up' } });
  for (let n = 0; n < 3; n += 1) noteDisk('postgresql', noSpace);
  expect(lines).toEqual([expect.stringMatching(/postgresql is full/)]);
  expect(await health()).toMatchObject({
    status: 'degraded',
    parts: { disk: 'down' },
    details: { disk: { reason: 'The disk of the postgresql is full.' } },
  });
  expect((await metricsText()).body).toContain('plantlog_disk_full{part="postgresql"} 1');
  later(5_000);
  noteRoom('postgresql');
  noteRoom('postgresql');
  expect(lines).toEqual([expect.anything(), expect.stringMatching(/has room again/)]);
  expect(await health()).toEqual({ status: 'ready', parts: { disk: 'up' } });
});

test('it stays full while small writes succeed between refused large ones: one line, not one for each', async () => {
  for (let n = 0; n < 20; n += 1) {
    noteDisk('event store', noSpace);
    later(400);
    noteRoom('event store');
    expect(await new Health({ disk: diskCheck }).ready()).toMatchObject({ details: { disk: { reason: expect.any(String) } } });
  }
  expect(lines).toHaveLength(1);
  later(4_600);
  noteRoom('event store');
  expect(lines).toHaveLength(2);
});

test('it is over when no write was refused for half a minute', async () => {
  noteDisk('event store', Object.assign(new Error(), { code: 'ENOSPC' }));
  later(31_000);
  expect((await metricsText()).body).toContain('plantlog_disk_full{part="event store"} 0');
  expect(lines).toHaveLength(2);
});

test("the room on PostgreSQL's disk is a metric where it can be measured, and never 0 for want of a measurement", async () => {
  const shown = async () => /^plantlog_database_disk_free_bytes (.+)$/m.exec((await metricsText()).body)?.[1];
  expect(await shown()).toBeUndefined();
  measureDatabaseDisk(tmpdir());
  expect(Number(await shown())).toBeGreaterThan(0);
  measureDatabaseDisk('/nowhere');
  expect(await shown()).toBeUndefined();
});
