/** A whole system as `npm start` runs it, and the browser of this machine, for all journeys of the console. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { testDirectory } from '#platform/testing/testing';

/** A Chromium of this machine; the journeys need one. */
export const browserProgram = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim())
  .find((path) => path !== '');

type Endpoints = Readonly<{ api: string; console: string; eventstore: string; postgres: string; tokens: Record<string, string> }>;
export type Receipt = Readonly<{ token: string; changed: boolean; code?: string }>;

export class ConsoleUnderTest {
  /** Requests of the pages to other hosts. */
  readonly foreign: string[] = [];
  /** What the pages complained about: errors of scripts, and of the content security policy. */
  readonly complaints: string[] = [];
  private contexts: BrowserContext[] = [];

  private constructor(
    readonly endpoints: Endpoints,
    readonly dataDir: string,
    private readonly system: ChildProcess,
    private readonly ended: Promise<unknown>,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<ConsoleUnderTest> {
    const dataDir = testDirectory('console');
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, PORT: '0' };
    const main = resolve(__dirname, '../../standalone/main.js');
    const system = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let said = '';
    for (const stream of [system.stdout!, system.stderr!]) stream.on('data', (part: Buffer) => (said += part.toString()));
    const ended = new Promise((done) => system.once('exit', done));
    const browser = await chromium.launch({ executablePath: browserProgram!, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    for (const end = Date.now() + 90_000; !said.includes('Ready.'); await sleep(50))
      if (Date.now() > end || system.exitCode !== null) throw new Error(`the system did not start:\n${said}`);
    const endpoints = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as Endpoints;
    return new ConsoleUnderTest(endpoints, dataDir, system, ended, browser);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.system.kill('SIGTERM');
    await this.ended;
  }

  /** A page of one who has signed in with a click on the role. */
  async signedIn(role: string, path = '', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const page = await this.opened(options);
    await page.goto(this.endpoints.console);
    await page.click(`[data-role=${role}]`);
    await page.waitForSelector('[data-testid=me]', { state: 'attached' });
    if (path) await page.goto(this.endpoints.api + path);
    return page;
  }

  /** An empty page that watches for hosts other than `own`, and for complaints. */
  async opened(options: Parameters<Browser['newContext']>[0] = {}, own = [this.endpoints.api]): Promise<Page> {
    const context = await this.browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
    this.contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(45_000);
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !own.some((host) => request.url().startsWith(`${host}/`)))
        this.foreign.push(request.url());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Uncaught|React/.test(message.text())) this.complaints.push(message.text());
    });
    return page;
  }

  async closePages(): Promise<void> {
    for (const context of this.contexts.splice(0)) await context.close();
  }

  /** Sends a command as somebody else. */
  async send(role: string, path: string, body: object): Promise<Receipt> {
    const headers = { authorization: `Bearer ${this.endpoints.tokens[role]!}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.endpoints.api}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as Receipt;
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Kills the api; `npm start` starts it again on the same port. */
  killApi(): void {
    const { pid } = JSON.parse(readFileSync(join(this.dataDir, 'run/api.pid.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
  }
}
