/**
 * Where an import sends its commands: a running system, over REST. Hides: HTTP, waiting and retries. Promises: a command is retried
 * unchanged until it is answered or the time limit ends; its id makes that harmless. Does not: keep order; the sender waits where it matters.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileImport } from '#import/import';
import type { SeriesAnswer } from '#platform/http/command-series';

/** The answer to a command: the events it caused, now or the first time, and their position. */
export type Answer = Readonly<{ events: readonly string[]; token: string }>;

/** The outcome of one command of several. */
export type OneOf = Answer | Refused;

/** A refused command; `code` is the reason. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'Refused';
  }
}

/** The system did not answer for longer than an import waits. */
export class NoAnswer extends Error {
  constructor(cause: unknown) {
    super('The system does not answer. Recorded rows stay; run the import again to resume.', { cause });
    this.name = 'NoAnswer';
  }
}

/** A system that takes commands. */
export type Target = Readonly<{
  /** @throws Refused, NoAnswer */
  send(command: string, data: object): Promise<Answer>;
  /** Records rows as facts, in order; each gets its own answer. @throws Refused if the caller may not send any, NoAnswer */
  observe(rows: readonly object[]): Promise<OneOf[]>;
  /** Whether the facility is registered. */
  hasFacility(facilityId: string): Promise<boolean>;
  /** The import as recorded so far. */
  stateOf(importId: string): Promise<FileImport>;
  /** Position of the newest event of the log. */
  head(): Promise<bigint>;
}>;

const kebab = (name: string) => name.replace(/(?<!^)[A-Z]/g, (capital) => `-${capital}`).toLowerCase();

/** The slices that an import sends to. */
const SLICES: Readonly<Record<string, string>> = {
  ReverseObservation: 'work-order',
  StartImport: 'import',
  SettleRows: 'import',
  FlagRows: 'import',
  FinishImport: 'import',
};

export type RestOptions = Readonly<{ api: string; token: string; correlationId: string; patienceMs?: number }>;

/** A running system, over its REST interface. */
export function restTarget({ api, token, correlationId, patienceMs = 120_000 }: RestOptions): Target {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'x-correlation-id': correlationId,
    'x-clock-source': 'import',
  };
  const url = (path: string) => `${api.replace(/\/$/, '')}/${path}`;

  const ask = async (path: string, body?: object): Promise<Record<string, unknown>> => {
    const until = performance.now() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      let wait = Math.min(5_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
      let cause: unknown;
      try {
        const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
        const response = await fetch(url(path), { ...init, headers, signal: AbortSignal.timeout(30_000) });
        const text = await response.text();
        if (response.ok) return JSON.parse(text) as Record<string, unknown>;
        const { code = 'no-problem', detail = text.slice(0, 200) } = problemIn(text);
        if (response.status !== 429 && response.status < 500) throw new Refused(response.status, code, detail);
        cause = new Refused(response.status, code, detail);
        if (response.status === 500) throw new NoAnswer(cause);
        const after = Number(response.headers.get('retry-after'));
        if (Number.isFinite(after) && after > 0) wait = Math.min(after * 1_000, 60_000);
      } catch (error) {
        if (error instanceof Refused || error instanceof NoAnswer) throw error;
        cause = error;
      }
      if (performance.now() + wait > until) throw new NoAnswer(cause);
      await sleep(wait);
    }
  };

  return {
    async send(command, data) {
      const { events, token: position } = await ask(`${SLICES[command]}/${kebab(command)}`, data);
      return { events: events as string[], token: position as string };
    },
    async observe(rows) {
      try {
        const { answers } = await ask('work-order/observe-productions', { commands: rows });
        return (answers as SeriesAnswer[]).map(answerOf);
      } catch (error) {
        // The request is too large for this system: send it in halves.
        if (!(error instanceof Refused) || error.status !== 413 || rows.length < 2) throw error;
        const half = Math.ceil(rows.length / 2);
        return [...(await this.observe(rows.slice(0, half))), ...(await this.observe(rows.slice(half)))];
      }
    },
    async hasFacility(facilityId) {
      try {
        await ask(`import/facilities/${encodeURIComponent(facilityId)}`);
        return true;
      } catch (error) {
        if (error instanceof Refused && error.status === 404) return false;
        throw error;
      }
    },
    async stateOf(importId) {
      const { state } = await ask(`import/${encodeURIComponent(importId)}`);
      return state as FileImport;
    },
    async head() {
      const { position } = await ask('import/log-head');
      return BigInt(position as string);
    },
  };
}

export function answerOf(answer: SeriesAnswer): OneOf {
  return 'problem' in answer ? new Refused(answer.problem.status, answer.problem.code, answer.problem.detail) : answer;
}

function problemIn(text: string): { code?: string; detail?: string } {
  try {
    return JSON.parse(text) as { code?: string; detail?: string };
  } catch {
    return {};
  }
}
