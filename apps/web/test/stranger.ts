/** Journeys of people with bad intentions, wrong clocks or nothing to see. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { freePort } from '#platform/embedded/embedded-postgres';
import type { ConsoleUnderTest } from './console-under-test';
import { IssuerUnderTest } from './issuer';

const DAY_MS = 86_400_000;
const MEGABYTE = '9'.repeat(1_000_000);

/** Makes the clock of a page wrong, before its scripts run. */
function wrongClock(by: number): void {
  const Right = Date;
  const origin = performance.timeOrigin + by;
  class Wrong extends Right {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [Right.now() + by] : given) as [number]));
    }
    static override now = () => Right.now() + by;
  }
  globalThis.Date = Wrong as DateConstructor;
  Object.defineProperty(performance, 'timeOrigin', { get: () => origin });
}

export function strangerJourneys(started: () => ConsoleUnderTest): void {
  const dialog = (page: Page) => page.getByRole('dialog');
  const at = (path: string) => `${started().endpoints.api}/console/${path}`;

  it('cuts a pasted megabyte, and says so', async () => {
    const page = await started().signedIn('supervisor', '/console/work-orders/haifa.WO-2');
    const paste = async (fields: ReturnType<Page['locator']>) => {
      await fields.first().waitFor();
      for (const field of await fields.all()) {
        await field.fill(MEGABYTE);
        expect((await field.inputValue()).length).toBeLessThan(600);
      }
    };
    await page.locator('[data-operation="10"]').getByRole('button', { name: 'Report' }).click();
    await paste(dialog(page).locator('input:not([type])'));
    // Good, scrap, rework, the machine, and the reason that scrap needs.
    await paste(dialog(page).getByLabel('Machine'));
    await dialog(page)
      .getByText(/No more than \d+ characters/)
      .nth(4)
      .waitFor();
    expect(await dialog(page).getByRole('button', { name: 'Record' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Hand over' }).click();
    await paste(dialog(page).locator('input, textarea:not([aria-hidden])'));
    expect(
      await dialog(page)
        .getByText(/No more than \d+ characters/)
        .count(),
    ).toBe(2);
    for (const path of ['audit', 'lots']) {
      await page.goto(at(path));
      await paste(page.locator('main input:not([type=radio])'));
      await page.getByText(/No more than \d+ characters/).waitFor();
    }
  });

  it('sends no period that ends before it begins, and no day that is none', async () => {
    const page = await started().signedIn('supervisor', '/console/work-orders/haifa.WO-2');
    await page.locator('[data-operation="10"]').getByRole('button', { name: 'Report' }).click();
    await dialog(page).getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
    await dialog(page).getByRole('alert').waitFor();
    expect(await dialog(page).getByRole('button', { name: 'Record' }).isDisabled()).toBe(true);
    await page.goto(at('kpis'));
    const day = page.locator('input[type=date]');
    for (const wrong of ['9999-12-31', '0001-01-01']) {
      await day.fill(wrong);
      await page.getByText('A day that has begun').waitFor();
      await page.locator('[data-kpi=oee]').waitFor();
    }
  });

  it('prints black on white, without what only a screen needs', async () => {
    const page = await started().signedIn('supervisor', '/console/kpis', { colorScheme: 'dark' });
    await page.locator('[data-figures]').first().waitFor();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.waitForFunction(() => getComputedStyle(document.body).color === 'rgb(0, 0, 0)');
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect((await page.locator('main').boundingBox())!.x).toBe(0);
    expect(await page.locator('main').evaluate((main) => getComputedStyle(main).paddingLeft)).toBe('0px');
    expect(
      await page
        .locator('.rows')
        .first()
        .evaluate((rows) => getComputedStyle(rows).overflowX),
    ).toBe('visible');
  });
}

/** With an api of its own, or waits of many seconds: run by `JOURNEYS=all npm test -- apps/web`. */
export function longJourneys(started: () => ConsoleUnderTest): void {
  describe('at the issuer of a company', () => {
    let issuer: IssuerUnderTest;
    let api: string;
    let stop: () => Promise<unknown>;
    beforeAll(async () => {
      issuer = await IssuerUnderTest.start();
      const port = await freePort();
      api = `http://127.0.0.1:${port}`;
      const { eventstore, postgres } = started().endpoints;
      const env = { PATH: process.env.PATH, PORT: String(port), HOST: '127.0.0.1', EVENTSTORE_URL: eventstore, DATABASE_URL: postgres };
      const main = resolve(__dirname, '../../api/main.js');
      const child = spawn(process.execPath, [main], { env: { ...env, ...issuer.settings }, stdio: 'ignore' });
      const ended = new Promise((done) => child.once('exit', done));
      stop = () => (child.kill('SIGKILL'), ended);
      for (const end = Date.now() + 60_000; ; await sleep(100)) {
        if (
          await fetch(`${api}/health/live`).then(
            ({ ok }) => ok,
            () => false,
          )
        )
          return;
        if (Date.now() > end || child.exitCode !== null) throw new Error('the api of the issuer did not start');
      }
    });
    afterAll(async () => void (await Promise.all([stop?.(), issuer?.stop()])));

    const signedIn = async (page: Page, path: string) => {
      await page.goto(`${api}/console/${path}`);
      await page.getByRole('button', { name: /127\.0\.0\.1/ }).click();
      await page.waitForSelector('[data-testid=me]', { state: 'attached' });
    };

    it.each([1, -1])('signs in, and shows the ages that the server knows, with a clock that is wrong by %i day', async (days) => {
      issuer.claims = { sub: 'ann', roles: ['supervisor'], facilities: ['*'] };
      const page = await started().opened({}, [api, issuer.url]);
      await page.addInitScript(wrongClock, days * DAY_MS);
      await signedIn(page, 'kpis');
      // Back where the person wanted to go, on the day of the server.
      const [today] = new Date().toLocaleString('sv', { timeZone: 'Asia/Jerusalem' }).split(' ');
      await page.waitForFunction((day) => document.querySelector<HTMLInputElement>('input[type=date]')?.value === day, today);
      await page.reload();
      await page.waitForSelector('[data-testid=freshness][data-state=fresh]');
      await page.goto(`${api}/console/plants`);
      expect(await page.locator('[data-machine="haifa.M3"]').textContent()).toMatch(/for \d+ (h|min)/);
    });

    it('takes no answer that this tab did not ask for', async () => {
      const { redeemed } = issuer;
      const page = await started().opened({}, [api, issuer.url]);
      await page.goto(`${api}/console/signed-in?code=stolen&state=guessed`);
      await page.getByText('No sign-in was begun in this tab.').waitFor();
      expect(issuer.redeemed).toBe(redeemed);
    });

    it('one who sees no plant is told so on every page', async () => {
      issuer.claims = { sub: 'new', roles: ['supervisor', 'engineer', 'planner', 'quality', 'auditor'], facilities: ['nowhere'] };
      const page = await started().opened({}, [api, issuer.url]);
      await signedIn(page, 'plants');
      const paths = await page.locator('nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
      expect(paths.length).toBeGreaterThan(8);
      for (const path of paths) {
        await page.goto(api + path!);
        await page.locator('main h1').waitFor();
        await page.waitForFunction(() => document.querySelector('main .mantine-Loader-root') === null);
        expect([path, await page.locator('main').innerText()]).toEqual([
          path,
          expect.stringMatching(/\b(no|nobody|nothing|choose|works)\b/i),
        ]);
        expect(await page.getByText('This page failed').count()).toBe(0);
      }
    });
  });

  it('says which part is away, and shows what it knows', async () => {
    const page = await started().signedIn('supervisor');
    const machine = page.locator('[data-machine="haifa.M3"]');
    await machine.waitFor();
    const { pid: store } = JSON.parse(readFileSync(join(started().dataDir, 'run/event-store.pid.json'), 'utf8')) as { pid: number };
    const [postmaster] = readFileSync(join(started().dataDir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n', 1);
    const servers = () =>
      [postmaster!, ...readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ')].map(Number);
    for (const [name, those] of [
      ['Event store', () => [store]],
      ['PostgreSQL', servers],
    ] as const) {
      const pids = those();
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      try {
        await page.getByTestId('parts-away').getByText(name).waitFor();
        expect(await machine.isVisible()).toBe(true);
      } finally {
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      }
      await page.getByTestId('parts-away').waitFor({ state: 'detached' });
    }
    await page.waitForSelector('[data-testid=freshness][data-state=fresh]');
  });
}
