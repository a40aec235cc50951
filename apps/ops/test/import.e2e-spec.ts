import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { madeLog, MAPPING, ops, realLog } from './command-line';
import { ImportUnderTest } from './import-under-test';
import { figuresIn, type Figures } from './log-figures';

const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);

describe('the import of production logs', () => {
  let imports: ImportUnderTest;
  beforeAll(async () => {
    imports = await ImportUnderTest.start('import', { BODY_LIMIT: '1048576' }, { haifa: 'Asia/Jerusalem' });
  }, 120_000);
  afterAll(() => imports?.stop());

  const written: ImportUnderTest['written'] = (...file) => imports.written(...file);
  const run = (command: 'import' | 'reconcile', file: string, ...more: string[]) =>
    ops([command, MAPPING, file, ...imports.connection, '--json', ...more]).ended;
  /** How often the log has each report of a file, by report id. */
  const reports = async (file: string) => {
    const found = new Map<string, number>();
    for (let at: bigint | 'start' = 'start'; ;) {
      const { events, next, atEnd } = await imports.store.readAll(at, 1_000);
      for (const { type, data } of events) {
        const { reportId, sourceRow } = data as { reportId: string; sourceRow?: string };
        if (type === 'ProductionObserved' && sourceRow?.startsWith(`${file}:`)) found.set(reportId, (found.get(reportId) ?? 0) + 1);
      }
      if (atEnd) return found;
      at = next;
    }
  };

  it('imports a whole log that reconciles, and a second import changes nothing', async () => {
    const log = realLog() ?? written('plain.csv', madeLog(1_200, 60));
    const first = await run('import', log, '--report');
    expect(first.err).toBe('');
    const { tally, reconciliation, written: events } = first.json;
    expect(tally).toMatchObject({ rejected: 0, observed: tally.rows });
    expect(events).toBeGreaterThan(tally.rows);
    expect(reconciliation).toMatchObject({
      equal: true,
      missing: [],
      unexpected: [],
      rows: { file: tally.rows, observed: tally.rows, rejected: 0 },
    });
    expect(reconciliation.view).toMatchObject({ equal: true, behind: false, shared: 0, differing: [] });
    expect(reconciliation.view.checked).toBe(reconciliation.lines.filter(({ axis }: { axis: string }) => axis === 'order').length);
    expect(reconciliation.lines.every(({ equal }: { equal: boolean }) => equal)).toBe(true);
    expect(new Set(reconciliation.lines.map(({ axis }: { axis: string }) => axis))).toEqual(new Set(['order', 'machine', 'reportType']));
    for (const code of ['OverproductionDetected', 'RepeatedReportDetected', 'ZeroQuantityDetected', 'flagged:machine-overlap'])
      expect(reconciliation.exceptions[code]).toBeGreaterThan(0);
    // The figures of the real log, counted independently of this program.
    if (realLog())
      expect(reconciliation).toMatchObject({
        rows: { file: 2489 },
        columns: { made: '46407', scrapped: '86' },
        total: { log: { minutes: '484888' } },
      });

    const head = await imports.store.head();
    expect((await run('import', log)).json).toMatchObject({ finishedBefore: true, written: 0, tally });
    expect(await imports.store.head()).toBe(head);
  }, 600_000);

  it('gives every machine the quantities and the yield that the text of the file has', async () => {
    const log = realLog() ?? join(imports.directory, 'plain.csv');
    const ask = async (path: string) => (await imports.under.get(path, imports.under.tokens.everywhere)).body;
    for (const [from, to] of [
      ['2012-01-01T00:00', '2012-02-15T12:00'],
      ['2012-02-15T12:00', '2012-03-29T00:00'],
    ] as const) {
      const period = `facilityId=haifa&from=${encodeURIComponent(`${from}:00+02:00`)}&to=${encodeURIComponent(`${to}:00+02:00`)}`;
      const figures = figuresIn(log, from, to);
      expect(figures.size).toBeGreaterThan(5);
      const sum = (of: keyof Figures) => [...figures.values()].reduce((whole, each) => whole + each[of], 0);
      const [good, scrap, rework] = [sum('good'), sum('scrap'), sum('rework')];

      const { items, total } = await ask(`/performance?${period}`);
      const asText = (each: Figures) => [{ unit: 'pcs', good: `${each.good}`, scrap: `${each.scrap}`, rework: `${each.rework}` }];
      for (const item of items as { equipmentId: string; made: object[] }[]) {
        const expected = figures.get(item.equipmentId);
        expect([item.equipmentId, item.made]).toEqual([item.equipmentId, expected ? asText(expected) : []]);
      }
      expect(items.map(({ equipmentId }: { equipmentId: string }) => equipmentId)).toEqual(expect.arrayContaining([...figures.keys()]));
      expect(total.made).toEqual(asText({ good, scrap, rework }));
      // The log has no cycle times: pieces are all that quality can be taken of.
      expect(total.kpis.qualityRatio).toMatchObject({ numerator: `${good}`, denominator: `${good + scrap + rework}` });
      expect(total.kpis.oee).toMatchObject({ value: null, why: 'NoIdealCycle' });

      const pareto = await ask(`/kpi/scrap?${period}&by=Equipment`);
      const scrapped = [...figures].filter(([, each]) => each.scrap > 0).map(([key, each]) => ({ key, quantity: `${each.scrap}` }));
      expect(pareto.items.map(({ key, quantity }: { key: string; quantity: string }) => ({ key, quantity })).sort(byKey)).toEqual(
        scrapped.sort(byKey),
      );

      const yields = (await ask(`/kpi/yield?${period}`)).items as { operations: Record<keyof Figures, string>[] }[];
      const operations = yields.flatMap((product) => product.operations);
      for (const [of, expected] of Object.entries({ good, scrap, rework }))
        expect(operations.reduce((whole, operation) => whole + Number(operation[of as keyof Figures]), 0)).toBe(expected);
    }
  }, 60_000);

  it('records with every fact its clock source, its request and the raw row', async () => {
    // Of an order of its own: a row that is known from another file is skipped.
    const log = written('one.csv', madeLog(1, 1, 'Single'));
    const { importId } = (await run('import', log)).json;
    const [fact] = (await imports.store.read('work-order-haifa.Single1')).filter(
      ({ data }) => (data as { sourceRow?: string }).sourceRow === 'one.csv:2',
    );
    expect(fact).toMatchObject({
      type: 'ProductionObserved',
      metadata: { clock: 'import', occurredAt: '2012-02-01T00:00:00+02:00', facility: 'haifa', command: 'ObserveProduction' },
    });
    expect((fact!.data as { source: string }).source).toMatch(/^Spur Gear;Y;20;Single1;/);
    const [begun] = await imports.store.read(`import-${importId}`);
    expect(begun!.metadata.correlationId).toBe(fact!.metadata.correlationId);
  }, 180_000);

  it('resumes after kill -9: no row is recorded twice, none is lost', async () => {
    const log = written('killed.csv', madeLog(800, 60, 'Killed'));
    const { child } = ops(['import', MAPPING, log, ...imports.connection, '--block', '100']);
    const digest = createHash('sha256').update(readFileSync(log)).digest('hex');
    const settled = async () =>
      (await imports.store.read(`import-haifa.${digest.slice(0, 40)}`)).some(
        ({ type, data }) => type === 'RowsSettled' && (data as { throughLine: number }).throughLine > 200,
      );
    while (!(await settled())) {
      expect(child.exitCode).toBeNull();
      await sleep(50);
    }
    child.kill('SIGKILL');
    const second = (await run('import', log, '--report')).json;
    expect(second.resumedAfterLine).toBeGreaterThan(200);
    expect(second).toMatchObject({
      finishedBefore: false,
      tally: { rows: 816, observed: 816, rejected: 0 },
      reconciliation: { equal: true },
    });
    const held = await reports('killed.csv');
    expect(held.size).toBe(816);
    expect([...held.values()].every((times) => times === 1)).toBe(true);
    expect(second.tally.findings).toContainEqual({ code: 'time-nonexistent', count: 1 });
    const head = await imports.store.head();
    expect((await run('import', log, '--again')).json).toMatchObject({ written: 0, tally: second.tally });
    expect(await imports.store.head()).toBe(head);
  }, 300_000);

  it('survives the store being killed in the middle', async () => {
    const log = written('outage.csv', madeLog(400, 40, 'Outage'));
    const { ended } = ops(['import', MAPPING, log, ...imports.connection, '--json', '--report']);
    await sleep(2_500);
    await imports.under.system.store.kill();
    await sleep(2_000);
    await imports.under.system.store.start();
    const { json, err } = await ended;
    expect(err).toBe('');
    const { tally, reconciliation } = json;
    expect(tally).toMatchObject({ rows: 408, observed: 408 });
    expect(reconciliation).toMatchObject({ missing: [], unexpected: [], view: { equal: true } });
    expect(reconciliation.lines.filter(({ equal }: { equal: boolean }) => !equal)).toEqual([]);
    expect(reconciliation.equal).toBe(true);
  }, 300_000);

  it('records every row as a fact or as a named exception; equal rows are both kept', async () => {
    const [header, ...rows] = madeLog(8, 2, 'Bad').trimEnd().split('\n');
    const bad = [
      rows[0],
      rows[0],
      rows[1]!.replace(/;[^;]*$/, ';31.02.2012 10:00'),
      'too;few',
      rows[2]!.replace(';D;', ';X;'),
      `"${rows[3]!.split(';')[0]}\n\u0001";${rows[3]!.split(';').slice(1).join(';')}`,
    ];
    const log = written('bad.csv', `\ufeff${[header, ...bad].join('\r\n')}\r\n`);
    const { json } = await run('import', log, '--report');
    expect(json).toMatchObject({
      tally: { rows: 6, observed: 3, rejected: 3 },
      reconciliation: { equal: true, rows: { file: 6, observed: 3, rejected: 3 } },
    });
    const exceptions = (await imports.store.read(`import-${json.importId}`))
      .filter(({ type }) => type === 'RowRejected')
      .map(({ data }) => data);
    expect(exceptions).toMatchObject([
      { line: 4, code: 'time-malformed' },
      { line: 5, code: 'cells-miscounted', raw: 'too;few' },
      { line: 6, code: 'report-type-unknown' },
    ]);
    expect(json.tally.findings).toContainEqual({ code: 'RepeatedReportDetected', count: expect.any(Number) });
  }, 180_000);

  it('with a corrected mapping imports the rejected rows, and no other row again', async () => {
    const log = written('remapped.csv', madeLog(6, 2, 'Remapped').replace(';D;', ';P;'));
    const first = (await run('import', log)).json;
    expect(first.tally).toMatchObject({ rows: 6, observed: 5, rejected: 1 });
    const better = written(
      'better.yaml',
      readFileSync(MAPPING, 'utf8').replace('values: { S: Setup,', 'values: { P: Production, S: Setup,'),
    );
    const second = (await ops(['import', better, log, ...imports.connection, '--json', '--report']).ended).json;
    expect(second).toMatchObject({
      importId: first.importId,
      known: 5,
      tally: { rows: 6, observed: 6, rejected: 0 },
      reconciliation: { equal: true },
    });
    expect((await reports('remapped.csv')).size).toBe(6);
  }, 180_000);

  it('works directly on the event store, with the same result', async () => {
    const log = written('direct.csv', madeLog(100, 20, 'Direct'));
    const env = { EVENTSTORE_URL: imports.under.system.eventStoreUrl, DATABASE_URL: imports.under.system.databaseUrl };
    const direct = await ops(['import', MAPPING, log, '--direct', '--json', '--report'], env).ended;
    expect(direct.json).toMatchObject({ tally: { rows: 102, observed: 102 }, reconciliation: { equal: true } });
    const head = await imports.store.head();
    const again = await ops(['import', MAPPING, log, '--direct', '--again', '--json'], env).ended;
    expect(again.json).toMatchObject({ written: 0, tally: direct.json.tally });
    expect(await imports.store.head()).toBe(head);
    // Rows sent by another actor are other commands, but the same reports: reports are identified by their content.
    expect((await run('import', log, '--again')).json).toMatchObject({ written: 0, tally: { rows: 102, observed: 102 } });
  }, 300_000);

  it.each([
    ['nothing', '', 1, /empty/],
    ['binary data', Buffer.from([0x89, 0x50, 0, 1, 2]), 1, /binary|text/],
    ['commas', madeLog(1, 1).replaceAll(';', ','), 1, /delimiter of the file/],
    ['an open quote', `${madeLog(1, 1)}"x;y\n`, 1, /not closed/],
    ['a column less', madeLog(1, 1).replaceAll('Case ID;', ''), 1, /Case ID/],
  ])('refuses a file with %s as a whole and writes nothing', async (_what, content, code, message) => {
    const head = await imports.store.head();
    const ended = await ops(['import', MAPPING, written('refused.csv', content), ...imports.connection]).ended;
    expect([ended.code, ended.out]).toEqual([code, '']);
    expect(ended.err).toMatch(message);
    expect(await imports.store.head()).toBe(head);
  });

  it('says clearly what is wrong with the call', async () => {
    const log = written('call.csv', madeLog(1, 1));
    const broken = written('broken.yaml', 'name: X Y\nfacility: haifa\n');
    const ended = async (...args: string[]) => {
      const { code, err } = await ops(args).ended;
      return { code, err };
    };
    expect(await ended('import', broken, log)).toMatchObject({
      code: 64,
      err: expect.stringMatching(/name must[^]*time is missing[^]*good is missing/),
    });
    expect(await ended('import', MAPPING, log)).toMatchObject({ code: 1, err: expect.stringMatching(/No running system/) });
    expect(await ended('import', MAPPING, log, '--api', 'http://127.0.0.1:1', '--token', 'x', '--patience', '0')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/does not answer/),
    });
    expect(await ended('import', MAPPING, log, '--api', imports.under.api.url, '--token', imports.under.tokens.operator!)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/role/),
    });
    expect(await ended('import', MAPPING, log, '--api', imports.under.api.url, '--token', imports.under.tokens.elsewhere!)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/outside your facilities|Your facilities/),
    });
    expect(await ended('import', MAPPING)).toMatchObject({ code: 64, err: expect.stringMatching(/missing required argument/) });
    expect(await ended('import', MAPPING, log, '--block', 'many')).toMatchObject({ code: 64 });
  }, 180_000);
});
