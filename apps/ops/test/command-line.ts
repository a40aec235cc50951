import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(__dirname, '..', '..', '..', '..');
export const MAPPING = join(PROJECT, 'docs', 'mappings', 'production-log.yaml');

export type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null; out: string; err: string; json: any }>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** `npm run ops -- …` as an app of its own. */
export function ops(args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(PROJECT, 'dist', 'apps', 'ops', 'main.js'), ...args], {
    env: { ...process.env, DATA_DIR: join(PROJECT, 'no-such-directory'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  child.stdin.end(input ?? '');
  const ended = new Promise<Ended>((done) =>
    child.once('close', (code, signal) => {
      let json: unknown;
      try {
        json = JSON.parse(out);
      } catch {
        json = undefined;
      }
      done({ code, signal, out, err, json });
    }),
  );
  return { child, ended };
}

/** The real production log, where the shared data is. */
export function realLog(): string | undefined {
  const path = join(process.env.SHARED_DATA ?? resolve(PROJECT, '..', 'shared', 'data'), 'production-log', 'Production.csv');
  return existsSync(path) ? path : undefined;
}

const HEADER = [
  'Part_Desc_',
  'Rework',
  'Work_Order_Qty',
  'Case ID',
  'Activity',
  'Resource',
  'Report_Type',
  'Resource.1',
  'Qty_Completed',
  'Qty_for_MRB',
  'activity_duration',
  'Complete Timestamp',
];
const pad = (number: number) => String(number).padStart(2, '0');

/**
 * A log in the form of the real one, always the same for the same size: with repeats, zero quantities, overlaps and a nonexistent local time.
 * Rows are recognized across files; other order names make other rows.
 */
export function madeLog(rows: number, orders: number, order = 'Case'): string {
  const lines = [HEADER.join(';')];
  for (let n = 0; n < rows; n += 1) {
    const machine = 1 + ((n * 7) % 9);
    const day = 1 + (n % 28);
    const at = n === 5 ? '30.03.2012 02:30' : `${pad(day)}.02.2012 ${pad((n * 5) % 24)}:${pad((n * 13) % 60)}`;
    const row = [
      'Spur Gear',
      n % 17 ? 'missing' : 'Y',
      '20',
      `${order}${1 + (n % orders)}`,
      `Turning - Machine ${machine}`,
      `ID${n % 6}`,
      n % 11 ? 'D' : 'S',
      `Machine ${machine} - Turning`,
      String(n % 6),
      n % 40 ? '0' : '1',
      `${(n * 3) % 200}.0`,
      at,
    ];
    lines.push(row.join(';'));
    if (n % 50 === 49) lines.push(row.join(';'));
  }
  return `${lines.join('\n')}\n`;
}
