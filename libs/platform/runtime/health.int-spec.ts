import type { AddressInfo } from 'node:net';
import { Health, serveHealth, statusOf } from './health';
import { counter } from './metrics';

const up = async () => undefined;
const down = async () => Promise.reject(new Error('no'));
const silent = () => new Promise(() => undefined);

describe('health', () => {
  it('is ready when every part answers', async () => {
    const health = new Health({ store: { probe: up, vital: true }, database: { probe: up, vital: false } });
    expect(await health.ready()).toEqual({ status: 'ready', parts: { store: 'up', database: 'up' } });
  });

  it('is degraded, and still accepts work, when a part that is not vital fails', async () => {
    const readiness = await new Health({ store: { probe: up, vital: true }, database: { probe: down, vital: false } }).ready();
    expect(readiness).toMatchObject({ status: 'degraded', parts: { store: 'up', database: 'down' } });
    expect(statusOf(readiness)).toBe(200);
  });

  it('is unavailable when a vital part fails, or does not answer in two seconds', async () => {
    const readiness = await new Health({ store: { probe: silent, vital: true } }).ready();
    expect(readiness).toMatchObject({ status: 'unavailable', parts: { store: 'down' } });
    expect(statusOf(readiness)).toBe(503);
  });

  it('says since when a part is down, and why if the part knows', async () => {
    const before = new Date().toISOString();
    const silentAbout = new Health({ store: { probe: down, vital: true } });
    const { since } = (await silentAbout.ready()).details!.store!;
    expect(since! >= before && since! <= new Date().toISOString()).toBe(true);

    const detail = () => ({ since: '2026-01-05T08:00:00.000Z', reason: 'no node is the leader' });
    expect((await new Health({ store: { probe: down, vital: true, detail } }).ready()).details).toEqual({ store: detail() });
  });

  it('shows the remarks of a part that answers, and nothing if all is well', async () => {
    const detail = () => ({ reason: 'orders-board is parked' });
    const odd = await new Health({ views: { probe: up, vital: false, detail } }).ready();
    expect(odd).toEqual({ status: 'ready', parts: { views: 'up' }, details: { views: detail() } });
    const well = await new Health({ views: { probe: up, vital: false, detail: () => undefined } }).ready();
    expect(well).toEqual({ status: 'ready', parts: { views: 'up' } });
  });

  it('is not ready but still live while it drains', async () => {
    const health = new Health({ store: { probe: up, vital: true } });
    health.drain();
    expect(statusOf(await health.ready())).toBe(503);
    expect(health.live()).toEqual({ status: 'live' });
  });

  it('checks the parts once for concurrent probes', async () => {
    let asked = 0;
    const health = new Health({ store: { probe: async () => ++asked, vital: true } });
    await Promise.all([health.ready(), health.ready(), health.ready()]);
    expect(asked).toBe(1);
  });

  it('is served together with the metrics by an app without its own HTTP server', async () => {
    counter('spec_total', 'For this spec.', ['kind']).inc({ kind: 'a' });
    counter('spec_total', 'For this spec.', ['kind']).inc({ kind: 'a' });
    const server = await serveHealth(new Health({ store: { probe: down, vital: true } }), {
      port: 0,
      host: '127.0.0.1',
      metrics: { open: false, token: 'a-token-of-prometheus' },
    });
    const get = async (path: string, token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers });
      return { status: response.status, body: await response.text() };
    };
    expect(await get('/health/live')).toEqual({ status: 200, body: '{"status":"live"}' });
    expect((await get('/health/ready')).status).toBe(503);
    for (const token of [undefined, 'another-token-of-prometheus']) expect((await get('/metrics', token)).status).toBe(401);
    expect((await get('/metrics', 'a-token-of-prometheus')).body).toContain('plantlog_spec_total{kind="a"} 2');
    expect((await get('/elsewhere')).status).toBe(404);
    await new Promise((closed) => server.close(closed));
  });
});
