/** The api as a separate app, a token issuer for it, and a client whose own cost is small. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const { exportJWK, generateKeyPair, SignJWT } = createRequire(import.meta.url)('jose');
const main = fileURLToPath(new URL('../../../dist/apps/api/main.js', import.meta.url));
export const ISSUER = 'https://bench.invalid';

/** One persistent connection; minimal, so that the client's own cost does not distort the measurement. */
export class Http {
  static open(port, token) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(new Http(socket, token)));
      socket.once('error', reject);
    });
  }
  constructor(socket, token) {
    this.socket = socket.setNoDelay(true);
    this.head = `host: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    this.text = '';
    socket.on('data', (bytes) => this.#hear(bytes.toString('latin1')));
    socket.on('close', () => this.reject?.(new Error('the connection was closed')));
  }
  /** Resolves with the answer as text, head and body; rejects unless its status is 200. */
  post(url, value) {
    const body = JSON.stringify(value);
    return new Promise((resolve, reject) => {
      Object.assign(this, { resolve, reject });
      this.socket.write(`POST ${url} HTTP/1.1\r\n${this.head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }
  #hear(part) {
    this.text += part;
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.text)?.[1]);
    if (this.text.length < end + 4 + length) return;
    const answer = this.text;
    this.text = '';
    if (answer.startsWith('HTTP/1.1 200 ')) this.resolve(answer);
    else this.reject(new Error(answer));
  }
  close() {
    this.reject = undefined;
    this.socket.destroy();
  }
}

/** A token issuer: the key set as a file, and a token for all facilities, of an engineer if no roles are given. */
export async function makeIssuer(work, roles = ['engineer']) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = path.join(work, 'keys.json');
  fs.writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig' }] }));
  const token = await new SignJWT({ roles, facilities: ['*'] })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
    .setIssuer(ISSUER)
    .setAudience('plantlog')
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  return { keys, token };
}

/**
 * The api as a separate app on a store. Commands need no PostgreSQL: without `databaseUrl` there is none. `preload`: a module to load before it; `profile`: a
 * folder for its CPU profile. @returns its port, its pid, and `stop`
 */
export async function startApi({ keys }, storePort, { preload, profile, databaseUrl = 'postgresql://nobody@127.0.0.1:1/none' } = {}) {
  const port = await freePort();
  const env = {
    ...process.env,
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    RATE_LIMIT: '0',
    EVENTSTORE_URL: `esdb://127.0.0.1:${storePort}?tls=false`,
    DATABASE_URL: databaseUrl,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: 'plantlog',
    JWKS_URL: pathToFileURL(keys).href,
  };
  const flags = [...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []), ...(preload ? ['--import', preload] : [])];
  const child = spawn(process.execPath, [...flags, main], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  for (let tries = 0; !(await ready(port)); tries += 1) {
    if (tries > 300 || child.exitCode !== null) throw new Error('the api does not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stop = async () => {
    if (child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  return { port, pid: child.pid, stop };
}

const ready = async (port) => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  } catch {
    return false;
  }
};

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
