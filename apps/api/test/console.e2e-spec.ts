import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDirectory } from '#platform/testing/testing';
import { ApiUnderTest } from './api-under-test';

describe('the console, as the api serves it', () => {
  let api: ApiUnderTest;
  beforeAll(async () => {
    const tokens = join(testDirectory('console-tokens'), 'console.json');
    writeFileSync(tokens, JSON.stringify({ key: 'k', tokens: { operator: 'secret' } }));
    api = await ApiUnderTest.start({ DEVELOPMENT_TOKENS: tokens, CONSOLE_CLIENT_ID: 'console' });
  }, 120_000);
  afterAll(() => api?.stop());
  const get = (path: string, headers: Record<string, string> = {}) => fetch(api.api.url + path, { headers });
  const assetOf = (page: string) => /\/console\/assets\/[\w.-]+\.js/.exec(page)![0];

  it('is a page at / and below /console/, never stored, with a policy of its own for each answer', async () => {
    const policies = new Set<string>();
    for (const path of ['/', '/console', '/console/', '/console/work-orders/haifa.WO-1', '/console/x%2f..%2f..%2f..%2fpackage.json']) {
      const answer = await get(path);
      const page = await answer.text();
      const policy = answer.headers.get('content-security-policy')!;
      policies.add(policy);
      expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
      expect(policy).toMatch(/^default-src 'none';script-src 'self';style-src 'self' 'nonce-[\w+/=]{24}';/);
      expect(policy).not.toContain('unsafe');
      expect(policy).toContain("connect-src 'self' https://issuer.test;");
      expect(page).toContain(`content="${/nonce-([^']+)/.exec(policy)![1]}"`);
      expect(page).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('x-frame-options')).toBe('DENY');
    }
    expect(policies.size).toBe(5);
  });

  it('is made of files that browsers keep, compressed where they want that', async () => {
    const asset = assetOf(await (await get('/')).text());
    const packed = await get(asset, { 'accept-encoding': 'br' });
    const plain = await get(asset, { 'accept-encoding': 'identity' });
    expect(packed.headers.get('content-encoding')).toBe('br');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await packed.text()).toBe(await plain.text());
    for (const { headers } of [packed, plain]) {
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(headers.get('vary')).toContain('accept-encoding');
    }
  });

  it('leads to no other file, takes no other method, and leaves the paths of the api alone', async () => {
    for (const path of [
      '/console/assets/../../package.json',
      '/console/assets/%2e%2e%2f%2e%2e%2fpackage.json',
      '/console/assets/index.js',
      '/index.html',
      '/work-orders',
    ]) {
      const answer = await get(path);
      const text = await answer.text();
      expect(text).not.toContain('"dependencies"');
      if (!path.includes('/../'))
        expect([path, answer.status, (JSON.parse(text) as { code: string }).code]).toEqual([path, 404, 'no-such-route']);
    }
    expect((await fetch(`${api.api.url}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status).toBe(
      404,
    );
    expect((await get('/equipment')).status).toBe(401);
    expect((await get('/console/manifest.json')).headers.get('content-type')).toContain('text/html');
  });

  it('tells how to sign in; tokens of the development issuer only where that one issues them', async () => {
    expect(await (await get('/console/settings')).json()).toEqual({
      version: expect.stringMatching(/^\d/),
      openid: { issuer: 'https://issuer.test', clientId: 'console', scope: 'openid profile', audience: 'plantlog' },
    });
    const body = JSON.stringify({ key: 'k', name: 'operator' });
    const asked = await fetch(`${api.api.url}/console/development-token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(asked.status).toBe(404);
    expect(await asked.text()).not.toContain('secret');
  });
});
