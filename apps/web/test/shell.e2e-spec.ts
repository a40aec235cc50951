import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { browserProgram, ConsoleUnderTest } from './console-under-test';
import { officeJourneys } from './office';
import { shopFloorJourneys } from './shop-floor';
import { longJourneys, strangerJourneys } from './stranger';

const BUILD = join(__dirname, '../../../web');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** From the request of a page to its first text, on this machine. */
const FIRST_PAINT_MS = 1_000;

/** Commands that move a producing machine, and the words of its states. */
const MOVES = [
  ['operator', 'suspend-equipment', 'Suspending'],
  ['device', 'report-state-complete', 'Suspended'],
  ['operator', 'unsuspend-equipment', 'Unsuspending'],
  ['device', 'report-state-complete', 'Producing'],
] as const;

/** What axe finds that keeps people from using a page. */
async function seriousFindings(page: Page): Promise<string[]> {
  // By the debugger's protocol: the page's own policy would not let the script in.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      window as unknown as {
        axe: { run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  });
}

if (!browserProgram) {
  test('the journeys of the console were NOT run: no Chromium is installed; only that it was built was checked', () =>
    expect(readFileSync(join(BUILD, 'index.html'), 'utf8')).toContain('<script type="module"'));
} else {
  describe('the console', () => {
    let system: ConsoleUnderTest;
    beforeAll(async () => (system = await ConsoleUnderTest.start()), 120_000);
    afterEach(() => system.closePages());
    afterAll(() => system?.stop());
    const freshness = (page: Page, state: string) => page.waitForSelector(`[data-testid=freshness][data-state=${state}]`);

    it('offers a role what it may do, and nothing else', async () => {
      const page = await system.signedIn('device');
      expect(await page.locator('nav a').allTextContents()).toEqual(expect.arrayContaining(['Plants', 'Dispatch list']));
      expect(await page.locator('[data-testid=me]').textContent()).toContain('dev-device');
      // Something is on the screen within a second, once the files are in the browser. On a busy machine the fastest of four counts.
      const took: number[] = [];
      for (let round = 0; round < 4; round++) {
        await page.reload();
        took.push(
          await page.evaluate(async () => {
            const seen = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
            while (seen() === undefined) await new Promise((done) => setTimeout(done, 20));
            return seen()!;
          }),
        );
      }
      expect(Math.min(...took)).toBeLessThan(FIRST_PAINT_MS);
    });

    it('shows a machine that moves within a second', async () => {
      const page = await system.signedIn('supervisor');
      const state = page.locator('[data-machine="haifa.M1"] [data-state]');
      await state.filter({ hasText: 'Producing' }).waitFor();
      await page.waitForSelector('[data-testid=live][data-live=true]');
      // On a busy machine one move may take longer: the fastest of four counts.
      const took: number[] = [];
      for (const [role, command, shown] of MOVES) {
        await system.send(role, `equipment/${command}`, { equipmentId: 'haifa.M1', reason: 'No pieces.' });
        const from = performance.now();
        await state.filter({ hasText: shown }).waitFor();
        took.push(performance.now() - from);
      }
      expect(Math.min(...took)).toBeLessThan(1_000);
    });

    it('goes on after the api was killed, and says meanwhile that it shows what is old', async () => {
      const page = await system.signedIn('supervisor');
      await freshness(page, 'fresh');
      await page.evaluate(() => ((window as unknown as { mark: number }).mark = 1));
      // A killed api is back before anything is old; the way to it stays cut for longer.
      system.killApi();
      await page.context().setOffline(true);
      await freshness(page, 'old');
      await page.locator('[data-machine="haifa.M3"]').waitFor();
      await page.context().setOffline(false);
      await freshness(page, 'fresh');
      await page.waitForSelector('[data-testid=live][data-live=true]');
      await system.send('operator', 'equipment/suspend-equipment', { equipmentId: 'haifa.M3', reason: 'No pieces.' });
      await page.locator('[data-machine="haifa.M3"] [data-state=Suspending]').waitFor();
      expect(await page.evaluate(() => (window as unknown as { mark?: number }).mark)).toBe(1);
    });

    it('speaks German, and names the zone of each plant', async () => {
      const page = await system.signedIn('planner', '', { locale: 'de-DE' });
      await page.getByRole('heading', { name: 'Werke' }).waitFor();
      await page.getByLabel('Werk', { exact: true }).selectOption('pune');
      expect(await page.locator('[data-testid=freshness]').textContent()).toContain('GMT+5:30');
      expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
    });

    it('has no serious finding of axe, in light and dark', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await system.signedIn('supervisor', '', { colorScheme });
        await page.locator('[data-machine="haifa.M1"]').waitFor();
        expect([colorScheme, await seriousFindings(page)]).toEqual([colorScheme, []]);
      }
    });

    officeJourneys(() => system, seriousFindings);
    shopFloorJourneys(() => system, seriousFindings);
    strangerJourneys(() => system);
    if (process.env.JOURNEYS === 'all') longJourneys(() => system);

    it('asks no other host, and its pages complain of nothing', () => expect([system.foreign, system.complaints]).toEqual([[], []]));
  });
}
