/** A client as a terminal or an ERP adapter would write it. docs/integrate.md shows it. */
export type Receipt = { commandId: string; id: string; revision: string; token: string; changed: boolean; events: string[] };
export type Problem = { status: number; code: string; detail: string; whatToDo?: string };
export type Page<Row> = { items: Row[]; nextCursor: string | null; position: string; behind: boolean };

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

export class ExampleClient {
  /** The token of the newest receipt: reads wait for it, so that they show what was just done. */
  private newest = '';

  constructor(
    private readonly url: string,
    private readonly token: () => string,
  ) {}

  /** Sends a command. Keep the key with the report until this resolves or throws Refused; then a crash can lose or double nothing. */
  async send(path: string, key: string, body: object, ifMatch?: string): Promise<Receipt> {
    const headers = { 'idempotency-key': key, 'content-type': 'application/json', ...(ifMatch ? { 'if-match': `"${ifMatch}"` } : {}) };
    const receipt = await this.repeated<Receipt>(path, { method: 'POST', headers, body: JSON.stringify(body) });
    this.newest = receipt.token;
    return receipt;
  }

  /** One row by id. */
  async get<Row>(path: string): Promise<Row> {
    return this.repeated<Row>(this.waiting(path), {});
  }

  /** All rows of a list, page by page. */
  async *list<Row>(path: string): AsyncGenerator<Row> {
    for (let after: string | null = ''; after !== null;) {
      const separator = path.includes('?') ? '&' : '?';
      const page: Page<Row> = await this.repeated<Page<Row>>(this.waiting(after ? `${path}${separator}after=${after}` : path), {});
      yield* page.items;
      after = page.nextCursor;
    }
  }

  private waiting(path: string): string {
    return this.newest ? `${path}${path.includes('?') ? '&' : '?'}waitFor=${this.newest}` : path;
  }

  /** Repeats what was not answered, with the same key: a repeated command has one effect and one answer. */
  private async repeated<T>(path: string, init: RequestInit): Promise<T> {
    for (let pause = 250; ; pause = Math.min(2 * pause, 30_000)) {
      const headers = { ...init.headers, authorization: `Bearer ${this.token()}` };
      const response = await fetch(`${this.url}/${path}`, { ...init, headers }).catch(() => undefined);
      if (response?.ok) return (await response.json()) as T;
      if (response && response.status < 500 && response.status !== 429) throw new Refused((await response.json()) as Problem);
      const seconds = Number(response?.headers.get('retry-after') ?? 0);
      await new Promise((resolve) => setTimeout(resolve, Math.max(seconds * 1_000, pause * (0.5 + Math.random()))));
    }
  }
}
