import { inContext } from '#platform/security/context';
import { createLog, nestLog, readable, withoutSecrets } from './logging';

const lines = () => {
  const written: string[] = [];
  return {
    written,
    entries: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    to: { write: (line: string) => void written.push(line) },
  };
};
const token = ['eyJhbGciOiJFZERTQSJ9', 'eyJzdWIiOiJhbm4ifQ', 'c2lnbmF0dXJl'].join('.');

describe('the log', () => {
  it('is one JSON object per line, with the app and an ISO time', () => {
    const { entries, to } = lines();
    createLog('worker', 'info', to).info({ view: 'order-board' }, 'caught up');
    expect(entries()).toEqual([
      expect.objectContaining({
        process: 'worker',
        pid: process.pid,
        msg: 'caught up',
        view: 'order-board',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      }),
    ]);
  });

  it('includes the correlation id and the actor of the current request', async () => {
    const { entries, to } = lines();
    const log = createLog('api', 'info', to);
    const principal = { actor: 'ann', roles: [], scopes: [] };
    await inContext({ correlationId: 'c-1', principal }, async () => {
      await new Promise(setImmediate);
      log.info('inside');
    });
    log.info('outside');
    expect(entries()[0]).toMatchObject({ correlationId: 'c-1', actor: 'ann' });
    expect(entries()[1]).not.toHaveProperty('correlationId');
  });

  it.each([
    ['a connection string', `connect postgresql://me:hunter2@db:5432/x failed`],
    ['a list of hosts', 'esdb+discover://admin:hunter2@a:2113,b:2113'],
    ['a token', `got ${token.replace('c2ln', 'hunter2')}`],
    ['a bearer header', { headers: { authorization: 'Bearer hunter2hunter2' } }],
    ['a basic header in a text', 'header was Basic aHVudGVyMjpodW50ZXIyhunter2'],
    ['a key that names a secret', { analyst: { password: 'hunter2 "quoted' } }],
    ['an error', { err: new Error('cannot reach redis://:hunter2@cache:6379') }],
  ])('never holds the secret in %s', (_, what) => {
    const { written, to } = lines();
    createLog('api', 'info', to).error(what as object, typeof what === 'string' ? what : 'text');
    createLog('api', 'info', to).error(typeof what === 'string' ? what : JSON.stringify(what));
    expect(written).toHaveLength(2);
    expect(written[0]).not.toContain('hunter2');
    expect(() => JSON.parse(written[0]!) as unknown).not.toThrow();
  });

  it('leaves text without secrets unchanged', () => {
    for (const harmless of ['esdb://localhost:2113?tls=false', 'order haifa.WO-1: 3 pcs', 'http://127.0.0.1:3000/docs', 'passwordless']) {
      expect(withoutSecrets(harmless)).toBe(harmless);
    }
  });

  it('has a readable form, and passes on lines that are not ours', () => {
    const { written, to } = lines();
    createLog('api', 'info', to).warn({ order: 'haifa.WO-1' }, 'late');
    expect(readable(written[0]!, false)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN  api: late \{"order":"haifa.WO-1"\}$/);
    expect(readable('plain text')).toBe('plain text');
    const evil = JSON.stringify({
      level: 40,
      process: 'api',
      msg: 'a\u009b2J\nb',
      login: '\u009b31m',
      err: { stack: 'Error: x\u001b[2J\n    at y' },
    });
    expect(readable(evil, false)).toMatch(/ WARN {2}api: a\\u009b2J\\nb \{"login":"\\u009b31m"\}\nError: x\\u001b\[2J\n {4}at y$/);
  });

  it("includes Nest's messages, with their stacks", () => {
    const { entries, to } = lines();
    nestLog(createLog('api', 'trace', to)).error('boom', 'Error: boom\n at x', 'Guard');
    expect(entries()[0]).toMatchObject({ level: 50, msg: 'boom', context: 'Guard', stack: expect.stringContaining('at x') });
  });
});
