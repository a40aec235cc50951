/** The instance under attack, and the attacker's tools: HTTP, raw sockets, valid and invalid tokens. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startOwnSystem } from '../own-system.mjs';

const ops = fileURLToPath(new URL('../../dist/apps/ops/main.js', import.meta.url));
export const ISSUER = 'https://issuer.attack.test';
export const ROLES = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer', 'device'];
export const seconds = () => Math.floor(Date.now() / 1000);

/** Returns a fault for the report unless the condition holds. */
export const unless = (holds, fault) => (holds ? undefined : fault);
/** The first fault of several. */
export const first = (...faults) => faults.find(Boolean);
export const statuses = async (wanted, answers) => {
  const found = (await Promise.all(answers)).map(({ status }) => status);
  const wrong = found.findIndex((status) => ![wanted].flat().includes(status));
  return unless(wrong < 0, `attempt ${wrong + 1} of ${found.length} was answered ${found[wrong]}, not ${wanted}`);
};

export async function startTarget() {
  const place = mkdtempSync(join(tmpdir(), 'attack-'));
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const jwks = join(place, 'jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [jwk] }));
  const dataDir = join(place, 'data');
  const { endpoints, stop } = await startOwnSystem(dataDir, {
    API_DOCS: 'no',
    ACCESS_LOG: 'all',
    ANALYST_SECONDS: '5',
    JWT_ISSUER: ISSUER,
    JWKS_URL: pathToFileURL(jwks).href,
  });
  const { hostname, port } = new URL(endpoints.api);

  const token = (claims = {}, header = {}, key = privateKey) =>
    new SignJWT({
      iss: ISSUER,
      aud: 'plantlog',
      sub: 'ann',
      iat: seconds(),
      exp: seconds() + 900,
      roles: ['operator'],
      facilities: ['north'],
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k1', ...header })
      .sign(key);

  /** A token of any text, with a good signature. */
  const signed = (text) =>
    new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k1' }).sign(privateKey);

  const send = async (method, path, { token: bearer, headers = {}, body, type = 'application/json' } = {}) => {
    const response = await fetch(endpoints.api + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    const text = await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  };
  const target = {
    api: endpoints.api,
    endpoints,
    dataDir,
    jwk,
    issuer: { token, signed, set: (keys) => writeFileSync(jwks, JSON.stringify({ keys })) },
    tokens: {},
    send,
    get: (path, bearer) => send('GET', path, { token: bearer }),
    post: (path, body, bearer, headers) => send('POST', path, { token: bearer, body, headers }),
    graphql: (query, variables, bearer) => send('POST', '/graphql', { token: bearer, body: { query, variables } }),
    /** Sends raw bytes, and is gone before there is an answer. */
    abandon: (bytes) =>
      new Promise((resolve) => {
        const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port) }, () =>
          socket.write(bytes, () => socket.destroy()),
        );
        socket.once('close', resolve).on('error', () => undefined);
      }),
    /** Sends raw bytes and returns the whole answer. */
    raw: (bytes, { patience = 10_000 } = {}) =>
      new Promise((resolve) => {
        const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port) }, () => socket.write(bytes));
        let answer = '';
        const timer = setTimeout(() => socket.destroy(), patience);
        socket.on('data', (part) => (answer += part));
        socket.once('error', () => undefined).once('close', () => (clearTimeout(timer), resolve(answer)));
      }),
    host: `${hostname}:${port}`,
    /** CPU that the api has used, in milliseconds. */
    cpu: () => {
      const { pid } = JSON.parse(readFileSync(join(dataDir, 'run', 'api.pid.json'), 'utf8'));
      const [, utime, stime] = /^.*\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return (Number(utime) + Number(stime)) * 10;
    },
    /** Memory of a part, in MB. */
    rss: (part = 'api') => {
      const { pid } = JSON.parse(readFileSync(join(dataDir, 'run', `${part}.pid.json`), 'utf8'));
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
    },
    /** The operator's command line on this instance. */
    ops: (...args) =>
      spawnSync(process.execPath, [ops, '--data-dir', dataDir, ...args], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: process.env.HOME, USER: 'drill' },
      }),
    /** Everything that any part has logged. */
    logs: () =>
      readdirSync(join(dataDir, 'logs'))
        .map((name) => readFileSync(join(dataDir, 'logs', name), 'utf8'))
        .concat(readFileSync(join(dataDir, 'postgres', 'postgres.log'), 'utf8'))
        .join(''),
    /** The log of the api, with its denials, which have a file of their own. */
    log: () =>
      ['api.log', 'api.denied.log']
        .map((name) => join(dataDir, 'logs', name))
        .map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
        .join(''),
    async stop() {
      await stop();
      rmSync(place, { recursive: true, force: true });
    },
  };
  for (const role of ROLES) target.tokens[role] = await token({ sub: `${role}-1`, roles: [role] });
  target.tokens.all = await token({ sub: 'eve', roles: ROLES, facilities: ['*'] });
  target.tokens.south = await token({ sub: 'otto', roles: ROLES, facilities: ['south'] });
  const made = async (path, body) => {
    let { status, text } = await target.post(path, body, target.tokens.all);
    // On a busy machine the api may still be reading the revocations.
    for (const end = Date.now() + 30_000; status === 503 && Date.now() < end; await sleep(1_000))
      ({ status, text } = await target.post(path, body, target.tokens.all));
    if (status !== 200) throw new Error(`${path}: ${text}`);
  };
  for (const facilityId of ['north', 'south']) {
    await made('/facility/register-facility', {
      facilityId,
      name: facilityId,
      enterpriseId: 'acme',
      enterpriseName: 'Acme',
      timeZone: 'UTC',
    });
    await made('/equipment/register-equipment', { equipmentId: `${facilityId}.M1`, name: 'Lathe', equipmentClass: 'lathe' });
    await made('/material-lot/receive-lot', { lotId: `${facilityId}.L1`, materialId: 'steel', quantity: { amount: '10', unit: 'kg' } });
  }
  return target;
}
