import type { Page } from 'playwright-core';
import type { ConsoleUnderTest } from './console-under-test';

const SCRIPT = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

/** The main jobs of operators, supervisors and planners. */
export function shopFloorJourneys(started: () => ConsoleUnderTest, seriousFindings: (page: Page) => Promise<string[]>): void {
  const done = (page: Page) => page.locator('.notices [data-status=done]').first().waitFor();
  const dialog = (page: Page) => page.getByRole('dialog');

  it('an operator reports good pieces and scrap, and hands the order over', async () => {
    const page = await started().signedIn('operator', '/console/work-orders/haifa.WO-2');
    const operation = page.locator('[data-operation="10"]');
    await operation.getByRole('button', { name: 'Report' }).click();
    expect((await operation.getByRole('button', { name: 'Report' }).boundingBox())!.height).toBeGreaterThanOrEqual(44);
    await dialog(page).getByLabel('Good (pcs)').fill('7');
    await dialog(page).getByLabel('Scrap (pcs)').fill('1');
    await dialog(page).getByLabel('Reason of the scrap').fill('surface');
    await dialog(page).getByRole('button', { name: 'Record' }).click();
    await done(page);
    await operation.locator('[data-good="133"]').waitFor();
    await page.getByRole('button', { name: 'Hand over' }).click();
    await dialog(page).getByLabel('To whom').fill('ben');
    await dialog(page).getByLabel('What they must know').fill(SCRIPT);
    await dialog(page).getByRole('button', { name: 'Hand over' }).click();
    await page.getByText('Handed over to ben').first().waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    expect(await page.title()).toBe('Plantlog');
    expect(await page.getByRole('button', { name: 'Correct' }).count()).toBe(0);
  });

  it('a supervisor corrects a report; the wrong one stays visible', async () => {
    const page = await started().signedIn('supervisor', '/console/work-orders/lyon.WO-2');
    await page.locator('[data-report="10-2"]').getByRole('button', { name: 'Correct' }).click();
    await dialog(page).getByLabel('Good (pcs)').fill('38');
    await dialog(page)
      .getByLabel(/^Reason( \*)?$/)
      .fill('Two were scrap.');
    await dialog(page).getByRole('button', { name: 'Record' }).click();
    await done(page);
    await page.locator('[data-report="10-2"][data-reversed=true]').waitFor();
    await page.locator('[data-operation="10"] [data-good="124"]').waitFor();
  });

  it('a correction of good pieces keeps the scrap of each reason', async () => {
    const scrap = [
      { quantity: '3', reasonCode: 'burr' },
      { quantity: '2', reasonCode: 'crack' },
    ];
    const [to, from] = [Date.now(), Date.now() - 60_000].map((at) => new Date(at).toISOString());
    const report = {
      workOrderId: 'lyon.WO-2',
      operationId: '10',
      equipmentId: 'lyon.M1',
      reportId: 'two-reasons',
      good: '1',
      scrap,
      from,
      to,
    };
    await started().send('operator', 'work-order/report-production', report);
    const page = await started().signedIn('supervisor', '/console/work-orders/lyon.WO-2');
    const row = page.locator('[data-report="two-reasons"]');
    await row.getByText('3 burr, 2 crack').waitFor();
    await row.getByRole('button', { name: 'Correct' }).click();
    await dialog(page).getByLabel('Good (pcs)').fill('2');
    await dialog(page)
      .getByLabel(/^Reason( \*)?$/)
      .fill('Counted again.');
    await dialog(page).getByRole('button', { name: 'Record' }).click();
    await done(page);
    await page.locator('[data-report="two-reasons"][data-reversed=true]').waitFor();
    await page.locator('[data-reversed=false]').getByText('3 burr, 2 crack').waitFor();
  });

  it('a refused command is shown as refused, and nothing as done', async () => {
    const page = await started().signedIn('operator', '/console/work-orders/pune.WO-2');
    await page.locator('[data-operation="10"]').getByRole('button', { name: 'Report' }).click();
    await dialog(page).getByLabel('Good (pcs)').fill('5');
    await dialog(page).getByLabel('Machine').fill('lyon.M1');
    await dialog(page).getByRole('button', { name: 'Record' }).click();
    await dialog(page).getByRole('alert').waitFor();
    expect(await page.locator('.notices [data-status=done]').count()).toBe(0);
  });

  it('a command that had no answer is sent again under the same id after a reload', async () => {
    const page = await started().signedIn('operator', '/console/work-orders/pune.WO-2');
    const ids: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/pause-work-order')) ids.push(request.headers()['idempotency-key']!);
    });
    await page.getByRole('button', { name: 'Pause' }).click();
    await dialog(page)
      .getByLabel(/^Reason( \*)?$/)
      .fill('No sand.');
    await page.route('**/pause-work-order', (route) => route.abort());
    await dialog(page).getByRole('button', { name: 'Pause' }).click();
    await page.locator('.notices [data-status=unconfirmed]').waitFor();
    await page.locator('[data-state=Running]').first().waitFor();
    // Still no answer after the reload: an answer between the two would leave nothing to send again.
    await page.reload();
    await page.locator('.notices [data-status=unconfirmed]').waitFor();
    await page.unroute('**/pause-work-order');
    await done(page);
    await page.locator('[data-state=Interrupted]').first().waitFor();
    expect(ids.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(1);
  });

  it('a supervisor classifies a stop by a click on the time axis', async () => {
    const page = await started().signedIn('supervisor', '/console/timeline/pune.M2');
    await page.locator('button[data-stop=S1]').click();
    await dialog(page).getByLabel('Starved').check();
    await dialog(page).getByLabel('Reason code').fill('no-castings');
    await dialog(page).getByRole('button', { name: 'Classify' }).click();
    await done(page);
    await page.locator('[data-stop-row=S1] [data-loss=Starved]').waitFor();
  });

  it('a planner sees the legs of an order at all plants, also as a graph', async () => {
    const page = await started().signedIn('planner', '/console/orders');
    const order = page.locator('[data-order="office.CO-2001"]');
    await order.locator('[data-leg]').nth(2).waitFor();
    expect((await order.locator('[data-leg]').allTextContents()).join()).toMatch(/Haifa.*Lyon.*Pune|Lyon|Pune/);
    await order.getByRole('button', { name: 'Show as a graph' }).click();
    await order.locator('.react-flow__node').nth(4).waitFor();
    await page.getByText('Production orders').click();
    await page.locator('[data-order="haifa.PO-1001"]').waitFor();
  });

  it('an operator starts what the dispatch list offers, and is not offered what others may', async () => {
    const page = await started().signedIn('operator', '/console/dispatch/pune.M3');
    await page.getByRole('heading', { name: 'Dispatch list' }).waitFor();
    await page.locator('[data-entry]').first().waitFor();
    expect(await page.locator('nav a').allTextContents()).not.toContain('Processes');
  });

  it('ids of other plants and of nothing look alike', async () => {
    const page = await started().opened();
    await page.goto(started().endpoints.console);
    await page.getByLabel('for').selectOption('haifa');
    await page.click('[data-role=operator]');
    await page.waitForSelector('[data-testid=me]', { state: 'attached' });
    for (const id of ['lyon.WO-2', 'haifa.NOTHING'])
      for (const place of ['work-orders', 'dispatch', 'timeline', 'lots']) {
        await page.goto(`${started().endpoints.api}/console/${place}/${id}`);
        await page.locator('main').getByText('There is nothing at this address').waitFor();
        expect(await page.locator('main').getByText('There is nothing at this address').count()).toBe(1);
      }
    // The plant that somebody else had chosen in this tab.
    await page.evaluate(() => sessionStorage.setItem('plantlog.plant', 'lyon'));
    await page.goto(`${started().endpoints.api}/console/plants`);
    await page.locator('[data-machine="haifa.M1"]').waitFor();
  });

  it('no page has a serious finding of axe', async () => {
    const page = await started().signedIn('supervisor');
    for (const path of ['orders', 'work-orders', 'work-orders/haifa.WO-2', 'dispatch', 'timeline/pune.M2']) {
      await page.goto(`${started().endpoints.api}/console/${path}`);
      await page.locator('h1').waitFor();
      await page.waitForSelector('[data-testid=freshness][data-state=fresh]');
      expect([path, await seriousFindings(page)]).toEqual([path, []]);
    }
  });
}
