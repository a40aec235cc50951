/** A system of its own for a story, and what people do there: commands by role, lists, and waiting for what follows. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnSystem } from '../own-system.mjs';

/** How long a story waits for what follows from an act. */
const PATIENCE_MS = 30_000;

export async function startSystem() {
  const place = mkdtempSync(join(tmpdir(), 'demo-'));
  const remove = () => rmSync(place, { recursive: true, force: true });
  const system = await startOwnSystem(join(place, 'data')).catch((error) => {
    remove();
    throw error;
  });
  const stop = () => system.stop().then(remove);
  const { api, tokens } = system.endpoints;

  const call = async (role, path, body) => {
    const headers = { authorization: `Bearer ${tokens[role]}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    if (body) headers['idempotency-key'] = randomUUID();
    // A busy system is asked again, under the same key: nothing is doubled.
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(200)) {
      const response = await fetch(`${api}/${path}`, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
      const busy = response.status === 503 || response.status === 429;
      if (!busy || Date.now() > end) return { status: response.status, data: await response.json() };
      await response.body?.cancel();
    }
  };
  /** Sends a command; the answer, or an error with what the system says. */
  const act = async (role, command, body) => {
    const { status, data } = await call(role, command, body);
    if (status !== 200) throw new Error(`${command} ${JSON.stringify(body)} was answered ${status}: ${data.detail ?? data.title}`);
    return data;
  };
  /** Sends a command that must be refused; says why it was. */
  const refused = async (role, command, body) => {
    const { status, data } = await call(role, command, body);
    if (status !== 422) throw new Error(`${command} ${JSON.stringify(body)} should have been refused, and was answered ${status}`);
    return data.detail;
  };
  const list = async (path, filters = {}, role = 'auditor') => {
    const { status, data } = await call(role, `${path}?${new URLSearchParams({ first: '500', ...filters })}`);
    if (status !== 200) throw new Error(`${path} was answered ${status}: ${data.detail ?? data.title}`);
    return data.items;
  };
  const one = async (path, id) => {
    const { status, data } = await call('auditor', `${path}/${id}`);
    return status === 200 ? data : undefined;
  };
  const get = async (path) => (await call('auditor', path)).data;
  /** Waits until what is read is as expected, and returns it. */
  const until = async (what, read) => {
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(60)) {
      const found = await read();
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    }
  };
  return { act, refused, list, one, get, until, stop };
}
