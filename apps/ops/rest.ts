/** Requests of the command line to a running system, beyond single reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf, ask, type Whereabouts } from './system';
import { PlainFault } from './terminal';

type Item = Readonly<Record<string, unknown>>;

/** All rows of a list. @throws PlainFault */
export async function rowsOf<T = Item>(where: Whereabouts, roles: readonly string[], path: string, filters: Item = {}): Promise<T[]> {
  const rows: T[] = [];
  for (let after: string | undefined; ;) {
    const page = await ask(where, roles, path, { ...filters, first: 500, after });
    rows.push(...(page.items as T[]));
    if (!page.nextCursor) return rows;
    after = page.nextCursor as string;
  }
}

/** What became of a command: its events, or why it was refused. */
export type Sent = Readonly<{ events: readonly string[] }> | Readonly<{ refused: Readonly<{ code: string; message: string }> }>;

const PATIENCE_MS = 120_000;

/** Sends a command, again under the same id while the system does not answer. @throws PlainFault after two minutes, or without access */
export async function send(where: Whereabouts, roles: readonly string[], path: string, id: string, data: object): Promise<Sent> {
  const { api, token } = apiOf(where, ...roles);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': id };
  const until = performance.now() + PATIENCE_MS;
  for (let attempt = 0; ; attempt += 1) {
    let fault: string;
    try {
      const init = { method: 'POST', headers, body: JSON.stringify(data), signal: AbortSignal.timeout(30_000) };
      const response = await fetch(`${api.replace(/\/$/, '')}/${path}`, init);
      const body = (await response.json().catch(() => ({}))) as { events?: string[]; code?: string; detail?: string };
      if (response.ok) return { events: body.events ?? [] };
      const { code = 'no-problem', detail = `the api answered ${response.status}` } = body;
      if (response.status === 401 || response.status === 403) throw new PlainFault(`${detail} (${code})`);
      if (response.status !== 429 && response.status < 500) return { refused: { code, message: detail } };
      fault = detail;
    } catch (error) {
      if (error instanceof PlainFault) throw error;
      fault = (error as Error).message;
    }
    if (performance.now() > until) throw new PlainFault(`The api at ${api} does not answer: ${fault}`);
    await sleep(Math.min(5_000, 100 * 2 ** attempt));
  }
}

/** Works on all of them, so many at once; results are in their order. */
export async function each<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
  done?: (n: number) => void,
): Promise<R[]> {
  const results: R[] = [];
  let [next, finished] = [0, 0];
  const worker = async () => {
    while (next < items.length) {
      const n = next++;
      results[n] = await work(items[n]!);
      done?.((finished += 1));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
