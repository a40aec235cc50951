/**
 * Imports one file. Hides: concurrency, blocks, resuming. Promises: every row ends as a fact or as a named exception; rows of one order are
 * sent in the order of the file; a row's command id derives from the file's content and its line, so that whatever is sent again changes
 * nothing; memory is bounded by the window of rows under way (and 32 bytes a row for overlaps). Does not: know where the system runs.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { commandIdOf } from '#platform/commands/command-ids';
import { parseToken } from '#platform/store/log-mark';
import type { Tally } from '#import/import.events';
import { readRows, surveyFile, FileFault, type Survey } from './file';
import type { Mapping } from './mapping';
import { legible, rowReader, type Flag, type Observation, type Row } from './rows';
import { Refused, type Target } from './target';
import { Lanes } from './lanes';
import { Overlaps } from './overlaps';

export type ImportOptions = Readonly<{
  mapping: Mapping;
  file: string;
  /** Where to send commands; all events of the import have its correlation id. */
  target: (correlationId: string) => Target;
  /** Commands under way at once. */
  concurrency?: number;
  /** Sends every row of an import that is finished, too: a proof that nothing changes. */
  again?: boolean;
  onProgress?: (progress: Readonly<{ stage: 'reading' | 'recording' | 'flagging'; rows: number; of: number }>) => void;
}>;

export type ImportResult = Readonly<{
  importId: string;
  file: string;
  digest: string;
  mapping: string;
  tally: Tally;
  /** Rows that were in the log before this run, as facts. */
  known: number;
  /** Events that this run wrote. */
  written: number;
  /** Line after which a begun import went on; 0 for a new one. */
  resumedAfterLine: number;
  /** True when the file had been imported before, through this mapping. */
  finishedBefore: boolean;
}>;

/** Rows that are settled in one command. */
const BLOCK = 200;
const WINDOW = 1_024;
const FLAGS_AT_ONCE = 200;

export const importIdOf = (facility: string, digest: string): string => `${facility}.${digest.slice(0, 40)}`;
/** One correlation id for all events of an import. */
export const correlationIdOf = (importId: string): string => commandIdOf(`import/${importId}`);

type RejectedRow = { line: number; code: string; message: string; raw: string };
type FlaggedRow = {
  line: number;
  code: string;
  message: string;
  workOrderId: string;
  equipmentId: string;
  reportId: string;
  otherLine?: number;
};
type Block = {
  last: number;
  rows: number;
  open: number;
  closed: boolean;
  observed: number;
  rejected: RejectedRow[];
  flagged: FlaggedRow[];
  findings: Map<string, number>;
};

const emptyBlock = (): Block => ({ last: 0, rows: 0, open: 0, closed: false, observed: 0, rejected: [], flagged: [], findings: new Map() });

/** The facts themselves; every other event that a row causes is something found about it. */
const FACTS: readonly string[] = ['ProductionObserved', 'WorkOrderObserved'];

/** @throws FileFault, Refused, NoAnswer */
export async function importFile(options: ImportOptions): Promise<ImportResult> {
  const { mapping, file, onProgress } = options;
  const survey = await surveyFile(file, mapping);
  const importId = importIdOf(mapping.facility, survey.digest);
  const target = options.target(correlationIdOf(importId));
  const source = {
    file: legible(basename(file), 255),
    bytes: String(survey.bytes),
    digest: survey.digest,
    mapping: mapping.name,
    mappingDigest: mapping.digest,
  };
  const head = await target.head();
  const name = createHash('sha256').update(JSON.stringify(source)).digest('hex');
  const begun = await target.send('StartImport', { commandId: commandIdOf(`import/${importId}/start/${name}`), importId, ...source });
  const before = await target.stateOf(importId);
  if (before.status === 'unknown') throw new Error(`The import ${importId} has begun and is not there.`);
  const finishedBefore = before.status === 'finished';
  const result = { importId, file: source.file, digest: survey.digest, mapping: mapping.name, finishedBefore };
  if (finishedBefore && !options.again) {
    return { ...result, tally: before.tally, known: before.tally.observed, written: 0, resumedAfterLine: before.throughLine };
  }
  const run = new Run(options, target, survey, importId, head, finishedBefore ? undefined : before);
  if (parseToken(begun.token)!.position > head) run.written += begun.events.length;
  const tally = await run.toTheEnd(source.file, onProgress);
  return { ...result, tally, known: run.known, written: run.written, resumedAfterLine: finishedBefore ? 0 : before.throughLine };
}

class Run {
  written = 0;
  known = 0;
  private tally: Tally;
  private readonly settledThrough: number;
  private readonly blocks: Block[] = [];
  private readonly overlaps = new Overlaps();
  private readonly lanes: Lanes;
  private settling: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ImportOptions,
    private readonly target: Target,
    private readonly survey: Survey,
    private readonly importId: string,
    private readonly head: bigint,
    before: Readonly<{ throughLine: number; tally: Tally }> | undefined,
  ) {
    this.settledThrough = before?.throughLine ?? 0;
    this.tally = before?.tally ?? { rows: 0, observed: 0, rejected: 0, findings: [] };
    this.known = this.tally.observed;
    this.lanes = new Lanes(options.concurrency ?? 16, WINDOW);
  }

  async toTheEnd(fileName: string, onProgress: ImportOptions['onProgress']): Promise<Tally> {
    const { mapping, file } = this.options;
    const read = rowReader(mapping, this.survey.header, { name: fileName, digest: this.survey.digest });
    let rows = 0;
    for await (const row of readRows(file, mapping)) {
      rows += 1;
      if (rows % 100 === 0) onProgress?.({ stage: row.line <= this.settledThrough ? 'reading' : 'recording', rows, of: this.survey.rows });
      await this.take(row, read(row));
    }
    if (rows !== this.survey.rows) throw new FileFault('file-changed', 'The file was changed while it was read.');
    await this.lanes.idle();
    this.close(this.blocks.at(-1));
    await this.settling;
    onProgress?.({ stage: 'flagging', rows, of: this.survey.rows });
    const overlaps = await this.flagOverlaps();
    const findings = new Map(this.tally.findings.map(({ code, count }) => [code, count]));
    if (overlaps > 0) findings.set('machine-overlap', overlaps);
    this.tally = { ...this.tally, findings: listed(findings) };
    await this.send('FinishImport', `finish/${mapping.digest}`, { importId: this.importId, tally: this.tally });
    return this.tally;
  }

  private async take(row: Row, outcome: ReturnType<ReturnType<typeof rowReader>>): Promise<void> {
    const { mapping } = this.options;
    if ('observation' in outcome && !mapping.machine.shared.includes(local(outcome.observation.equipmentId))) {
      const { equipmentId, workOrderId, from, to } = outcome.observation;
      this.overlaps.add(equipmentId, { line: row.line, order: workOrderId, from: Date.parse(from), to: Date.parse(to) });
    }
    if (row.line <= this.settledThrough) return;

    let block = this.blocks.at(-1);
    if (!block || block.rows === BLOCK) {
      this.close(block);
      block = emptyBlock();
      this.blocks.push(block);
    }
    block.rows += 1;
    block.last = row.line;
    if ('rejected' in outcome) {
      block.rejected.push({ line: row.line, ...outcome.rejected, raw: legible(row.raw, 1_000) });
      return;
    }
    block.open += 1;
    const mine = block;
    await this.lanes.add(outcome.observation.workOrderId, async () => {
      await this.observe(mine, row, outcome.observation, outcome.flags);
      mine.open -= 1;
      this.settle();
    });
  }

  private async observe(block: Block, row: Row, observation: Observation, flags: readonly Flag[]): Promise<void> {
    try {
      const events = await this.send('ObserveProduction', String(row.line), { ...observation, occurredAt: observation.to });
      block.observed += 1;
      if (!events.written) this.known += 1;
      for (const type of events.types) if (!FACTS.includes(type)) count(block.findings, type);
      for (const { code, message } of flags) {
        const { workOrderId, equipmentId, reportId } = observation;
        block.flagged.push({ line: row.line, code, message, workOrderId, equipmentId, reportId });
        count(block.findings, code);
      }
    } catch (error) {
      // Who may not send at all has no rows that are wrong.
      if (!(error instanceof Refused) || ![400, 409, 422].includes(error.status)) throw error;
      const code = error.code === 'command-id-reused' ? 'imported-otherwise' : error.code;
      const message =
        code === 'imported-otherwise'
          ? 'The row was recorded before, read through another mapping; what was recorded stays.'
          : error.message;
      block.rejected.push({ line: row.line, code, message: legible(message, 500), raw: legible(row.raw, 1_000) });
    }
  }

  private async send(command: string, name: string, data: object): Promise<{ types: readonly string[]; written: boolean }> {
    const { events, token } = await this.target.send(command, { commandId: commandIdOf(`import/${this.importId}/${name}`), ...data });
    const written = parseToken(token)!.position > this.head;
    if (written) this.written += events.length;
    return { types: events, written };
  }

  private close(block: Block | undefined): void {
    if (!block) return;
    block.closed = true;
    this.settle();
  }

  /** Blocks are settled one after the other, in the order of the file. */
  private settle(): void {
    while (this.blocks[0]?.closed && this.blocks[0].open === 0) {
      const block = this.blocks.shift()!;
      this.settling = this.settling.then(() => this.settleBlock(block));
      this.settling.catch((error: unknown) => this.lanes.fail(error));
    }
  }

  private async settleBlock(block: Block): Promise<void> {
    const findings = new Map(this.tally.findings.map(({ code, count: times }) => [code, times]));
    for (const [code, times] of block.findings) findings.set(code, (findings.get(code) ?? 0) + times);
    for (const { code } of block.rejected) count(findings, `rejected:${code}`);
    const byLine = (a: { line: number }, b: { line: number }) => a.line - b.line;
    const { rows, observed, rejected } = this.tally;
    this.tally = {
      rows: rows + block.rows,
      observed: observed + block.observed,
      rejected: rejected + block.rejected.length,
      findings: listed(findings),
    };
    await this.send('SettleRows', `${this.options.mapping.digest}/through/${block.last}`, {
      importId: this.importId,
      throughLine: block.last,
      rejected: block.rejected.sort(byLine),
      flagged: block.flagged.sort(byLine),
      tally: this.tally,
    });
  }

  private async flagOverlaps(): Promise<number> {
    let part = 0;
    let flagged: FlaggedRow[] = [];
    let total = 0;
    const flush = async () => {
      part += 1;
      await this.send('FlagRows', `${this.options.mapping.digest}/flags/${part}`, { importId: this.importId, part, flagged });
      flagged = [];
    };
    for (const { machine, line, order, otherLine, otherOrder } of this.overlaps.found()) {
      const whose = otherOrder === order ? 'the same order' : otherOrder;
      flagged.push({
        line,
        code: 'machine-overlap',
        message: `${machine} was also claimed by line ${otherLine} for ${whose}.`,
        workOrderId: order,
        equipmentId: machine,
        reportId: `${this.survey.digest.slice(0, 16)}.${line}`,
        otherLine,
      });
      total += 1;
      if (flagged.length === FLAGS_AT_ONCE) await flush();
    }
    if (flagged.length > 0) await flush();
    return total;
  }
}

const local = (id: string) => id.slice(id.indexOf('.') + 1);
const count = (findings: Map<string, number>, code: string) => void findings.set(code, (findings.get(code) ?? 0) + 1);
const listed = (findings: Map<string, number>) =>
  [...findings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, times]) => ({ code, count: times }));
