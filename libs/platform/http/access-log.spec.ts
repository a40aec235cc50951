import { AccessLog } from './access-log';

type Line = { level: string; code?: string; suppressed?: number };

describe('the access log', () => {
  // On a busy machine, time would allow more lines.
  let at = 0;
  beforeEach(() => void jest.spyOn(performance, 'now').mockImplementation(() => at));
  afterEach(() => jest.restoreAllMocks());

  const log = (all: boolean) => {
    const lines: Line[] = [];
    const write = (level: string) => (line: object) => void lines.push({ level, ...line });
    return { lines, access: new AccessLog({ info: write('info'), warn: write('warn') } as never, all) };
  };
  const answer = (access: AccessLog, statusCode: number, more: object = {}) =>
    access.answered(
      { method: 'GET', ip: '127.0.0.1', routeOptions: { url: '/me' }, about: { correlationId: 'c1' }, ...more } as never,
      { statusCode, elapsedTime: 1.26 } as never,
    );
  const ann = { about: { correlationId: 'c1', principal: { actor: 'ann' } } };

  it('has a line for each answer, with the correlation id that the client sees', () => {
    const { lines, access } = log(true);
    answer(access, 200, ann);
    expect(lines).toEqual([
      { level: 'info', method: 'GET', route: '/me', status: 200, ms: 1.3, address: '127.0.0.1', correlationId: 'c1', actor: 'ann' },
    ]);
  });
  it.each([401, 403, 421, 429])('has a warning for a denial, also if only denials are logged: %d', (status) => {
    const { lines, access } = log(false);
    answer(access, 200, ann);
    answer(access, status, { denial: 'some-code' });
    expect(lines).toMatchObject([{ level: 'warn', status, code: 'some-code' }]);
  });
  it.each([200, 404])('names an attempt on another plant, which the answer %d does not show', (status) => {
    const { lines, access } = log(false);
    answer(access, status, { denial: 'not-found', about: { ...ann.about, denial: 'facility-not-in-scope' } });
    expect(lines).toMatchObject([{ level: 'warn', status, code: 'facility-not-in-scope' }]);
  });
  it('has a line for each read of the audit, also if only denials are logged', () => {
    const { lines, access } = log(false);
    answer(access, 200, { about: { ...ann.about, readsAudit: true } });
    expect(lines).toMatchObject([{ level: 'info', status: 200, actor: 'ann' }]);
  });
  it('names a denial within a GraphQL answer', () => {
    const { lines, access } = log(false);
    answer(access, 200, { ...ann, denial: 'role-not-allowed' });
    expect(lines).toMatchObject([{ level: 'warn', status: 200, code: 'role-not-allowed' }]);
  });
  it('has no line for a balancer that found the app well', () => {
    const { lines, access } = log(true);
    for (const status of [200, 503]) answer(access, status, { routeOptions: { url: '/health/ready' } });
    expect(lines).toMatchObject([{ status: 503 }]);
  });
  const bytes = (lines: readonly Line[]) => lines.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
  const from = (ip: string) => ({ ip });
  const as = (actor: string) => ({ about: { correlationId: 'c1', principal: { actor } } });

  it('cannot be flooded by unauthenticated callers, however many addresses they have, and counts the lines it left out', () => {
    const { lines, access } = log(true);
    for (let n = 0; n < 5_000; n += 1) answer(access, n % 2 ? 401 : 404, from('10.0.0.1'));
    const written = lines.length;
    expect(written).toBeGreaterThanOrEqual(20);
    expect(bytes(lines)).toBeLessThan(32_768);
    answer(access, 401, from('10.0.0.2'));
    expect(lines).toHaveLength(written + 1);
    for (let n = 0; n < 5_000; n += 1) answer(access, 401, from(`10.1.${n >> 8}.${n & 255}`));
    expect(bytes(lines)).toBeLessThan(131_072);
    const before = lines.length;
    answer(access, 403, as('ann'));
    expect(lines).toHaveLength(before + 1);
    at += 60_000;
    answer(access, 401, from('10.0.0.1'));
    expect(lines.at(-1)?.suppressed).toBe(5_000 - written);
  });
  it('cannot be flooded by one verified caller, whose denials stay visible among its requests, and those of others, too', () => {
    const { lines, access } = log(true);
    for (let n = 0; n < 50_000; n += 1) answer(access, 200, as('eve'));
    expect(bytes(lines)).toBeLessThan(4 * 1_048_576);
    const before = lines.length;
    for (let n = 0; n < 5_000; n += 1) answer(access, 403, as('eve'));
    const denials = lines.length - before;
    expect(denials).toBeGreaterThanOrEqual(100);
    expect(bytes(lines.slice(before))).toBeLessThan(131_072);
    answer(access, 403, as('bob'));
    expect(lines).toHaveLength(before + denials + 1);
  });
});
