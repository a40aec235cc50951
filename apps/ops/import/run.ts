/**
 * Imports one file. Hides: blocks, resuming. Promises: every row ends as a fact or as a named exception; rows are sent in the order of the file,
 * many at a time; a row's command id derives from its content, so that sending it again changes nothing; memory is bounded by three blocks and what
 * finds overlaps and repeats. Does not: know where the system runs.
 */
import { basename } from 'node:path';
import { commandIdOf } from '#platform/commands/derived-ids';
import { parseToken } from '#platform/store/log-mark';
import { facilityOf } from '#manufacturing/facility';
import type { FileImport } from '#import/import';
import type { ImportStarted, Source, Tally } from '#import/import.events';
import { Block, type FlaggedRow } from './block';
import { readRows, surveyFile, FileFault, type Survey } from './file';
import type { Mapping } from './mapping';
import { legible, rowReader, type ReadRow, type Row, type RowsOf } from './rows';
import { Refused, type OneOf, type Target } from './target';
import { Overlaps } from './overlaps';
import { RecordedOrders, type EventsOf } from './recorded-orders';

export type ImportOptions = Readonly<{
  mapping: Mapping;
  file: string;
  /** The system to send commands to; all events of the import have its correlation id. */
  target: (correlationId: string) => Target;
  /** The events of an import, to know on which orders the rows are recorded when a file is read through a changed mapping. */
  eventsOf: EventsOf;
  /** Rows sent and settled at once. */
  block?: number;
  /** True to send every row of a finished import again, to prove that nothing changes. */
  again?: boolean;
  onProgress?: (progress: Readonly<{ stage: 'reading' | 'recording' | 'flagging'; rows: number; of: number }>) => void;
  /** Called for each rejected row; of rows settled in an earlier run, for those that the file alone shows to be rejected. */
  onRejected?: (row: Row, header: readonly string[]) => void;
}>;

export type ImportResult = Readonly<{
  importId: string;
  file: string;
  digest: string;
  mapping: string;
  tally: Tally;
  /** Rows that were already in the log as facts. */
  known: number;
  /** Rows that the mapping leaves out. */
  leftOut: number;
  /** Events that this run wrote. */
  written: number;
  /** Line after which an import resumed; 0 for a new one. */
  resumedAfterLine: number;
  /** True when the file was already imported with this mapping. */
  finishedBefore: boolean;
}>;

type Started = Exclude<FileImport, { status: 'unknown' }>;

const USUAL_BLOCK = 400;
const FLAGS_AT_ONCE = 200;
const MOST_FACILITIES = 10_000;

export const importIdOf = (facility: string, digest: string): string => `${facility}.${digest.slice(0, 40)}`;
/** One correlation id for all events of an import. */
export const correlationIdOf = (importId: string): string => commandIdOf(`import/${importId}`);

/** How an import makes report ids for its rows. */
export const rowsOf = ({ file, digest }: Pick<Source, 'file' | 'digest'>, names: ImportStarted['data']['reportIds']): RowsOf => ({
  name: file,
  ...(names === undefined ? { linesOf: digest.slice(0, 16) } : names === 'by-content' ? { byTexts: true } : {}),
});

/** Event types that are facts; every other event of a row is an exception. */
const FACTS: readonly string[] = ['ProductionObserved', 'WorkOrderObserved', 'ProductionReportReversed', 'ProductionReportCorrected'];

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
  // Without a command id: starting twice is harmless, and a mapping that is used again after another one restarts the import.
  const begun = await target.send('StartImport', { importId, ...source });
  const before = await target.stateOf(importId);
  if (before.status === 'unknown') throw new Error(`The import ${importId} was started but is not found. Run the import again.`);
  const finishedBefore = before.status === 'finished';
  const result = { importId, file: source.file, digest: survey.digest, mapping: mapping.name, finishedBefore };
  if (finishedBefore && !options.again && !options.onRejected) {
    return { ...result, tally: before.tally, known: before.tally.observed, leftOut: 0, written: 0, resumedAfterLine: before.throughLine };
  }
  const run = new Run(options, target, survey, importId, head, before);
  if (begun.events.length > 0 && parseToken(begun.token)!.position > head) run.written += begun.events.length;
  if (before.runs > 1) run.recorded = await RecordedOrders.of(options.eventsOf(importId));
  const tally = await run.toTheEnd(onProgress);
  const { known, leftOut, written } = run;
  return { ...result, tally, known, leftOut, written, resumedAfterLine: finishedBefore ? 0 : before.throughLine };
}

class Run {
  written = 0;
  known: number;
  leftOut = 0;
  /** Of an import that began with another mapping. */
  recorded?: RecordedOrders;
  private tally: Tally;
  private readonly finished: boolean;
  private readonly settledThrough: number;
  private readonly knownBefore: Readonly<{ from: number; to: number }>[];
  private readonly overlaps = new Overlaps();
  private readonly facilities = new Map<string, boolean>();
  private readonly name: string;
  private readonly fileName: string;
  private readonly rowsOf: RowsOf;
  private sending: Promise<void> = Promise.resolve();
  private settling: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ImportOptions,
    private readonly target: Target,
    private readonly survey: Survey,
    private readonly importId: string,
    private readonly head: bigint,
    before: Started,
  ) {
    this.finished = before.status === 'finished';
    const again = this.finished && options.again === true;
    this.settledThrough = again ? 0 : before.throughLine;
    this.tally = again ? { rows: 0, observed: 0, rejected: 0, findings: [] } : before.tally;
    this.known = this.tally.observed;
    this.knownBefore = [...before.known];
    this.facilities.set(options.mapping.facility, true);
    this.name = `import/${importId}/${before.runs}`;
    this.fileName = before.source.file;
    this.rowsOf = rowsOf(before.source, namesOf(before));
  }

  async toTheEnd(onProgress: ImportOptions['onProgress']): Promise<Tally> {
    const { mapping, file, onRejected, block: size = USUAL_BLOCK } = this.options;
    const read = rowReader(mapping, this.survey.header, this.rowsOf);
    let rows = 0;
    let block = new Block(size);
    for await (const row of readRows(file, mapping, this.survey)) {
      rows += 1;
      if (rows % 100 === 0) onProgress?.({ stage: row.line <= this.settledThrough ? 'reading' : 'recording', rows, of: this.survey.rows });
      const outcome = await this.checked(read(row));
      if ('leftOut' in outcome) this.leftOut += 1;
      else this.claim(row, outcome);
      if ('rejected' in outcome) onRejected?.(row, this.survey.header);
      if (row.line <= this.settledThrough || 'leftOut' in outcome) continue;
      const isElsewhere = 'observation' in outcome && (this.recorded?.isElsewhere(outcome.observation) ?? false);
      block.add(row, outcome, isElsewhere);
      if (isElsewhere) this.known += 1;
      if (!block.isFull) continue;
      await this.send(block);
      block = new Block(size);
    }
    if (rows !== this.survey.rows) throw new FileFault('file-changed', 'The file changed while it was read. Run the import again.');
    if (block.rows > 0) await this.send(block);
    await this.sending;
    await this.settling;
    onProgress?.({ stage: 'flagging', rows, of: this.survey.rows });
    const overlaps = await this.flagOverlaps();
    const findings = new Map(this.tally.findings.map(({ code, count }) => [code, count]));
    if (overlaps > 0) findings.set('machine-overlap', overlaps);
    this.tally = { ...this.tally, findings: listed(findings) };
    await this.command('FinishImport', 'finish', { importId: this.importId, tally: this.tally });
    return this.tally;
  }

  /** A row whose facility is not registered is rejected. */
  private async checked(outcome: ReadRow): Promise<ReadRow> {
    if (!('observation' in outcome)) return outcome;
    const facility = facilityOf(outcome.observation.workOrderId);
    let known = this.facilities.get(facility);
    if (known === undefined) {
      known = await this.target.hasFacility(facility);
      if (this.facilities.size < MOST_FACILITIES) this.facilities.set(facility, known);
    }
    return known
      ? outcome
      : { rejected: { code: 'facility-unknown', message: `Unknown facility ${facility}, or it is outside your scope.` } };
  }

  private claim(row: Row, outcome: ReadRow): void {
    if (!('observation' in outcome) || outcome.reversal) return;
    const { equipmentId, workOrderId, from, to } = outcome.observation;
    if (this.options.mapping.machine.shared.includes(local(equipmentId))) return;
    this.overlaps.add(equipmentId, { line: row.line, order: workOrderId, from: Date.parse(from), to: Date.parse(to) });
  }

  /** While a block is read, the one before it is on its way, and that before is being settled. */
  private async send(block: Block): Promise<void> {
    await this.sending;
    this.sending = this.record(block);
    this.sending.catch(() => undefined);
  }

  private async record(block: Block): Promise<void> {
    for (const part of block.parts()) {
      const commands = part.map(({ row, readable: { observation, reversal } }) => {
        const commandId = commandIdOf(`${this.name}/${observation.workOrderId}/${observation.reportId}`);
        if (!reversal) return { commandId, ...observation };
        const { workOrderId, operationId, equipmentId, good, scrap, rework, unit, to } = observation;
        const { reportId, formerReportId } = observation;
        const reason = `reversed by line ${row.line} of ${this.fileName}`.slice(0, 500);
        return {
          commandId,
          workOrderId,
          reportId,
          formerReportId,
          operationId,
          equipmentId,
          good,
          scrap,
          rework,
          unit,
          occurredAt: to,
          reason,
        };
      });
      const answers = part[0]!.readable.reversal ? [await this.one(commands[0]!)] : await this.target.observe(commands);
      part.forEach((sent, n) => this.hear(block, sent, answers[n]!));
    }
    await this.settling;
    this.settling = this.settle(block);
    this.settling.catch(() => undefined);
  }

  private async one(reversal: object): Promise<OneOf> {
    try {
      return await this.target.send('ReverseObservation', reversal);
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  private hear(block: Block, { row, readable }: Block['sent'][number], answer: OneOf): void {
    if (answer instanceof Refused) {
      // A sender without permission fails the run, not the row.
      if (![400, 409, 422].includes(answer.status)) throw answer;
      block.reject(row, answer.code, answer.message);
      this.options.onRejected?.(row, this.survey.header);
      return;
    }
    const { events, token } = answer;
    const written = events.length > 0 && parseToken(token)!.position > this.head;
    if (written) this.written += events.length;
    else this.known += 1;
    block.observe(row, readable, events, FACTS);
  }

  private async command(command: string, name: string, data: object): Promise<void> {
    // A finished import is already recorded; only its rows are sent again.
    if (this.finished) return;
    const { events, token } = await this.target.send(command, { commandId: commandIdOf(`${this.name}/${name}`), ...data });
    if (events.length > 0 && parseToken(token)!.position > this.head) this.written += events.length;
  }

  private async settle(block: Block): Promise<void> {
    const findings = new Map(this.tally.findings.map(({ code, count: times }) => [code, times]));
    for (const [code, times] of block.findings) findings.set(code, (findings.get(code) ?? 0) + times);
    const { rows, observed, rejected } = this.tally;
    this.tally = {
      rows: rows + block.rows,
      observed: observed + block.observed,
      rejected: rejected + block.rejected.length,
      findings: listed(findings),
    };
    const known = block.knownLines();
    this.knownBefore.push(...known);
    await this.command('SettleRows', `through/${block.last}`, {
      importId: this.importId,
      throughLine: block.last,
      rejected: block.rejected.sort(byLine),
      flagged: block.flagged.sort(byLine),
      tally: this.tally,
      ...(known.length ? { known } : {}),
    });
  }

  private isKnown(line: number): boolean {
    return this.knownBefore.some(({ from, to }) => from <= line && line <= to);
  }

  private async flagOverlaps(): Promise<number> {
    let part = 0;
    let flagged: FlaggedRow[] = [];
    let total = 0;
    const flush = async () => {
      part += 1;
      await this.command('FlagRows', `flags/${part}`, { importId: this.importId, part, flagged });
      flagged = [];
    };
    for (const { machine, line, order, otherLine, otherOrder } of this.overlaps.found()) {
      // Two rows from another file were flagged when that file was imported.
      if (this.isKnown(line) && this.isKnown(otherLine)) continue;
      const whose = otherOrder === order ? 'the same order' : otherOrder;
      flagged.push({
        line,
        code: 'machine-overlap',
        message: `Overlaps on ${machine} with line ${otherLine} for ${whose}.`,
        workOrderId: order,
        equipmentId: machine,
        reportId: `line-${line}`,
        otherLine,
      });
      total += 1;
      if (flagged.length === FLAGS_AT_ONCE) await flush();
    }
    if (flagged.length > 0) await flush();
    return total;
  }
}

/** A system of an earlier release names rows by their texts or lines. */
const namesOf = ({ namedByContent, namedByValues }: Started) => (namedByValues ? 'by-values' : namedByContent ? 'by-content' : undefined);

const local = (id: string) => id.slice(id.indexOf('.') + 1);
const byLine = (a: { line: number }, b: { line: number }) => a.line - b.line;
const listed = (findings: Map<string, number>) =>
  [...findings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, times]) => ({ code, count: times }));
