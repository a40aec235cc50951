import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { testDirectory } from '#platform/testing/testing';
import { ops } from '../../ops/test/command-line';
import { Start, until } from './start';

const project = resolve(__dirname, '../../../..');
const guide = readFileSync(join(project, 'docs/analyse.md'), 'utf8');
const questions = [...guide.matchAll(/\n(\d+\. [^\n]*)\n\n```sql\n([^]*?)```/g)].map(([, question, sql]) => ({
  question: question!,
  sql: sql!,
}));
const views = [...guide.matchAll(/^\| `(\w+)` *\|[^|]*\| `(\w+)` *\| ([^|]*)\|$/gm)].map(([, view, key, times]) => ({
  view: view!,
  key: key!,
  times: [...times!.matchAll(/`(\w+)`/g)].map(([, column]) => column!),
}));

describe('the guide for analysts', () => {
  let system: Start;
  let analyst: Client;
  const dataDir = join(testDirectory('analyse'), 'data');

  beforeAll(async () => {
    system = new Start({ DATA_DIR: dataDir, PORT: '0' });
    await system.says('Ready.', 90_000);
    const { api, tokens, analyst: url } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8'));
    const send = async (role: string, path: string, command: object) => {
      const answer = await fetch(`${api}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
        body: JSON.stringify(command),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const { stdout } = spawnSync(process.execPath, [join(project, 'tools/tour.mjs'), dataDir], { encoding: 'utf8', timeout: 100_000 });
    expect(stdout).toMatch(/\n\d+ passed, 0 failed\n$/);
    // What neither the demo nor the tour has: a lost signal, an implausible state, a wrong count, too many pieces, orders at once, a refusal.
    const at = (minute: number) => new Date(Date.now() - (60 - minute) * 60_000).toISOString();
    const machine = { equipmentId: 'tour.M7', name: 'Mill 7', equipmentClass: 'mill' };
    const states = [
      { state: 'Execute', occurredAt: at(0) },
      { state: 'Idle', occurredAt: at(10) },
      { state: 'UNAVAILABLE', quality: 'STALE', occurredAt: at(20) },
    ];
    expect(await send('engineer', 'equipment/register-equipment', machine)).toMatchObject({ status: 200 });
    for (const state of states)
      expect(await send('device', 'equipment/observe-equipment-state', { equipmentId: 'tour.M7', ...state })).toMatchObject({
        status: 200,
      });
    const count = { lotId: 'tour.NONE', quantity: { amount: '2.5', unit: 'pcs' } };
    expect(await send('operator', 'material-lot/observe-stock-count', count)).toMatchObject({
      status: 200,
      body: { exceptions: ['StockDiscrepancyObserved', 'StockDiscrepancyObserved'] },
    });
    const pieces = { workOrderId: 'tour.W9', reportId: 'r1', kind: 'Production', operationId: '10', equipmentId: 'tour.M7', good: '15' };
    const ordered = { amount: '10', unit: 'pcs' };
    expect(await send('device', 'work-order/observe-production', { ...pieces, ordered, from: at(0), to: at(9) })).toMatchObject({
      status: 200,
      body: { exceptions: ['OverproductionDetected'] },
    });
    const another = { ...pieces, workOrderId: 'tour.W8', from: at(5), to: at(12) };
    expect(await send('device', 'work-order/observe-production', another)).toMatchObject({ status: 200 });
    expect(await send('operator', 'equipment/unhold-equipment', { equipmentId: 'tour.M7' })).toMatchObject({ status: 422 });
    const shared = new Client({ connectionString: url });
    await shared.connect();
    await expect(shared.query('SELECT 1 FROM command_log')).rejects.toMatchObject({ code: '42501' });
    await shared.end();
    const args = ['--data-dir', dataDir, 'analysts', 'add', 'guide', '--facilities', '*', '--auditor', '--reason', 'questions', '--json'];
    const { code, err, json } = await ops(args).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const own = Object.assign(new URL(url), { username: json.account, password: json.password });
    analyst = new Client({ connectionString: own.href });
    await analyst.connect();
    await until(
      async () => (await analyst.query(`SELECT 1 FROM command_log WHERE entity_id = 'tour.M7' AND outcome = 'Refused'`)).rowCount === 1,
      30_000,
      () => 'the views do not follow',
    );
  }, 240_000);
  afterAll(async () => {
    await analyst?.end();
    await system.stop();
  }, 30_000);

  it('has more than twenty questions', () => expect(questions.length).toBeGreaterThan(20));

  it('describes every view, with its key and its times', async () => {
    const columns = new Map<string, string[]>();
    const { rows } = await analyst.query(`SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'analytics'`);
    for (const { table_name: view, column_name: column } of rows) columns.set(view, [...(columns.get(view) ?? []), column]);
    expect(views.map(({ view }) => view).sort()).toEqual([...columns.keys()].sort());
    for (const { view, key, times } of views) {
      expect({ view, columns: columns.get(view) }).toEqual({ view, columns: expect.arrayContaining([key, 'facility_id', ...times]) });
      const { rows: found } = await analyst.query(`SELECT count(*) = count(DISTINCT ${key}) AS unique FROM ${view}`);
      expect({ view, found }).toEqual({ view, found: [{ unique: true }] });
    }
  });

  it.each(questions)('answers: $question', async ({ sql }) => {
    const read = async () => (await analyst.query(sql)).rowCount ?? 0;
    // Views follow one after another.
    await until(
      async () => (await read()) > 0,
      20_000,
      () => `no rows: ${sql}`,
    );
  });
});
