/** Journeys of those who look back and decide: auditors, quality, planners, engineers. */
import type { Page } from 'playwright-core';
import { EventStore } from '#platform/store/event-store';
import type { ConsoleUnderTest } from './console-under-test';

/** Runs if a browser takes it for more than text. */
const PROBE = '<img src=x onerror="window.probed = 1"><script>window.probed = 1</script>';
/** For one journey, on a machine that is busy with other things. */
const PATIENCE = 150_000;
const ORDER = 'when-customer-order-placed-fulfil-it';

export function officeJourneys(started: () => ConsoleUnderTest, seriousFindings: (page: Page) => Promise<string[]>): void {
  jest.setTimeout(PATIENCE);
  const open = (role: string, path: string) => started().signedIn(role, `/console/${path}`);
  const isAccessible = async (page: Page) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect([page.url(), colorScheme, await seriousFindings(page)]).toEqual([page.url(), colorScheme, []]);
    }
  };
  const decide = async (page: Page, button: string, reason: string) => {
    await page.getByRole('button', { name: button, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill(reason);
    await dialog.getByRole('button', { name: button, exact: true }).click();
    await page.locator('[data-status=done]').first().waitFor();
    await dialog.waitFor({ state: 'hidden' });
  };

  it('leads an auditor from a refusal to the history, and to the state at any moment', async () => {
    const page = await open('auditor', 'audit');
    await page
      .getByRole('row', { name: /StartWorkOrder/ })
      .getByRole('link', { name: 'haifa.WO-3' })
      .click();
    await page.locator('[data-kind=refusal]').getByText('steel-bar-40 is on hold').first().waitFor();
    await isAccessible(page);
    // Every read is recorded: an open history is not read again by itself.
    const reads: string[] = [];
    page.on('request', (request) => /\/audit\/(history|state|difference)/.test(request.url()) && reads.push(request.url()));
    await page.goto(`${started().endpoints.api}/console/audit/equipment-haifa.M1`);
    await page.locator('[data-type=EquipmentStateChanged]').first().waitFor();
    await page.waitForTimeout(11_000);
    expect(reads).toHaveLength(1);
    await page.getByRole('button', { name: 'Read again' }).click();
    await page.getByRole('tab', { name: 'As of' }).click();
    await page.getByRole('slider').focus();
    await page.keyboard.press('Home');
    await page.locator('[data-path=state]').getByText('Stopped').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.locator('[data-path=state]').getByText('Resetting').waitFor();
    await page.getByRole('tab', { name: 'Difference' }).click();
    await page.getByRole('row', { name: /^state Stopped/ }).waitFor();
    await isAccessible(page);
  });

  it('shows quality what a lot became, and holds the lot', async () => {
    const page = await open('quality', 'lots');
    await page.getByRole('link', { name: 'haifa.RAW-1' }).click();
    await page.locator('.react-flow__node').filter({ hasText: 'haifa.FG-1' }).waitFor();
    await page.locator('[data-recall="haifa.FG-1"]').getByText('122 pcs').waitFor();
    await decide(page, 'Hold', PROBE);
    await page.locator('dd [data-status=Held]').waitFor();
    await page.getByRole('link', { name: /History/ }).click();
    await page.getByText(PROBE).first().waitFor();
    expect(await page.evaluate(() => 'probed' in window)).toBe(false);
    await page.goBack();
    await decide(page, 'Release: console-1', 'Inspected.');
    await page.locator('dd [data-status=Available]').waitFor();
    await isAccessible(page);
  });

  it('lets a planner take a decision and make it, and keeps the answer', async () => {
    const decisionId = 'haifa.D-1';
    await started().send('planner', 'decision/request-decision', {
      decisionId,
      about: 'haifa.WO-3',
      kind: 'Partial',
      severity: 'High',
      dueAt: new Date(Date.now() + 3_600_000).toISOString(),
      options: [
        { option: 'Wait', effect: 'Two days late.' },
        { option: 'Partial', effect: PROBE },
      ],
      evidence: PROBE,
    });
    const page = await open('planner', 'decisions');
    const decision = page.locator(`[data-decision="${decisionId}"]`);
    await decision.getByRole('button', { name: 'Take it' }).click();
    await decision.getByText('dev-planner').waitFor();
    await isAccessible(page);
    await decision.getByRole('radio', { name: 'Wait' }).check();
    await decide(page, 'Decide', 'The customer agrees.');
    await decision.waitFor({ state: 'detached' });
    await page.getByText('Decided and withdrawn').click();
    await decision.getByText('dev-planner decided: Wait').waitFor();
    expect(await page.evaluate(() => 'probed' in window)).toBe(false);
  });

  it('shows a process with its diagram, and pauses and resumes it with a reason', async () => {
    const page = await open('supervisor', 'processes');
    await page.locator(`[data-instance^="${ORDER}"]`).getByRole('link').click();
    await page.locator('.react-flow__node').filter({ hasText: 'plants are at work' }).waitFor();
    await decide(page, 'Pause', 'A question to the customer.');
    await page.locator('dd [data-state=Paused]').waitFor();
    await page.getByRole('row', { name: /paused “A question to the customer\.”/ }).waitFor();
    await page.locator('[data-status=done]').waitFor({ state: 'detached' });
    await decide(page, 'Resume', 'Answered.');
    await page.locator('dd [data-state=Paused]').waitFor({ state: 'detached' });
    await isAccessible(page);
  });

  it('opens a figure down to its events', async () => {
    const page = await open('supervisor', 'kpis');
    await page.getByLabel('Period').selectOption('7');
    await page.getByLabel('Planned time').selectOption('clock');
    await page
      .locator('[data-kpi=oee]')
      .getByText(/^\d+\.\d %$/)
      .waitFor();
    await isAccessible(page);
    await page.getByRole('button', { name: 'Evidence of haifa.M1' }).click();
    await page.locator('[data-fact]').getByText('Producing').first().waitFor();
    await page.locator('[data-fact]').getByRole('link', { name: 'EquipmentStateChanged' }).first().click();
    await page.getByRole('heading', { name: 'equipment-haifa.M1' }).waitFor();
    await page.locator('[data-chosen=true][data-type=EquipmentStateChanged]').waitFor();
  });

  it('shows no figures of another machine while the api is silent', async () => {
    const page = await open('supervisor', 'kpis');
    const oee = page.locator('[data-kpi=oee]');
    await oee.waitFor();
    await page.getByRole('heading', { name: 'Schedule adherence' }).waitFor();
    let answer!: () => void;
    const silence = new Promise<void>((done) => (answer = done));
    await page.route(/\/performance\?/, async (route) => {
      await silence;
      await route.abort().catch(() => undefined);
    });
    await page.getByLabel('Machine', { exact: true }).first().selectOption('haifa.M2');
    await page.locator('.shown[aria-busy=true]').filter({ has: oee }).first().waitFor({ state: 'attached' });
    answer();
    await page.getByText('This part of the system does not answer').first().waitFor();
    expect(await oee.count()).toBe(0);
    await page.unroute(/\/performance\?/);
    await oee.waitFor();
    expect(await page.locator('[aria-busy=true]').count()).toBe(0);
  });

  it('shows an engineer what is parked, and skips it with a reason', async () => {
    const store = new EventStore(started().endpoints.eventstore, 10_000);
    const metadata = { commandId: 'c-1', command: 'Strange', commandDigest: '', correlationId: 'c-1', causationId: 'c-1' };
    const strange = {
      actor: 'ann',
      role: 'engineer',
      facility: 'oslo',
      occurredAt: '2026-01-05T08:00:00Z',
      clock: 'server',
      app: 'x',
      schema: 1,
    };
    const append = (stream: string, type: string, data: object) =>
      store.append(stream, -1n, [{ type, data, metadata: { ...metadata, ...strange } as never }]);
    await append('facility-oslo', 'FacilityRegistered', { facilityId: 'oslo', name: null });
    await append('material-lot-oslo.L1', 'LotSplit', { lotId: 'oslo.L1', childLotId: 'oslo.L2', materialId: 'steel', ancestors: null });
    await store.close();
    const process = await open('engineer', 'processes/when-lot-split-create-child/oslo.L1~oslo.L2');
    await process.locator('[data-state=Parked]').first().waitFor();
    await decide(process, 'Retry', 'The event may be good now.');
    await process.getByRole('row', { name: /retried “The event may be good now\.”/ }).waitFor();
    await process
      .getByRole('row', { name: /parked on/ })
      .nth(1)
      .waitFor();
    const page = await open('engineer', 'health');
    await page
      .getByTestId('timers')
      .getByText(/^[1-9]/)
      .first()
      .waitFor();
    await page
      .locator('[data-queue=process-timers]')
      .getByText(/^as of /)
      .waitFor();
    await page.locator('[data-testid=readiness] [data-status=up]').first().waitFor();
    await page.locator('[data-view=order-board]').waitFor();
    const parked = page.locator('[data-parked]');
    await parked.first().waitFor();
    await isAccessible(page);
    // More views may park the same event meanwhile.
    while ((await parked.count()) > 0) {
      const first = page.locator(`[data-parked="${await parked.first().getAttribute('data-parked')}"]`);
      await first.getByRole('button', { name: 'Skip' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason').fill('Sent by a broken terminal.');
      await dialog.getByRole('button', { name: 'Skip' }).click();
      await first.waitFor({ state: 'detached' });
    }
    await page.getByTestId('nothing-parked').waitFor();
  });
}
