import { AccessLog } from './access-log';

type Line = { level: string; code?: string; suppressed?: number };

describe('the access log', () => {
  const log = (all: boolean) => {
    const lines: Line[] = [];
    const at = (level: string) => (line: object) => void lines.push({ level, ...line });
    return { lines, access: new AccessLog({ info: at('info'), warn: at('warn') } as never, all) };
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
  it('names a denial within a GraphQL answer', () => {
    const { lines, access } = log(false);
    answer(access, 200, { ...ann, denial: 'role-not-allowed' });
    expect(lines).toMatchObject([{ level: 'warn', status: 200, code: 'role-not-allowed' }]);
  });
  it('cannot be flooded by unauthenticated callers, and says how many lines it left out', () => {
    const { lines, access } = log(true);
    for (let n = 0; n < 5_000; n += 1) answer(access, n % 2 ? 401 : 404);
    const written = lines.length;
    expect(written).toBeGreaterThanOrEqual(200);
    expect(written).toBeLessThan(1_000);
    for (let n = 0; n < 500; n += 1) answer(access, n % 2 ? 200 : 403, ann);
    expect(lines).toHaveLength(written + 500);
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    answer(access, 401);
    jest.restoreAllMocks();
    expect(lines.reduce((sum, { suppressed = 0 }) => sum + suppressed, 0)).toBe(5_000 - written);
  });
});
