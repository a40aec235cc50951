/** Rows that are sent and settled together, with the outcome of each. Pure bookkeeping: run.ts sends. */
import { legible, sentence, type Readable, type ReadRow, type Row } from './rows';

export type RejectedRow = { line: number; code: string; message: string; raw: string };
export type FlaggedRow = {
  line: number;
  code: string;
  message: string;
  workOrderId: string;
  equipmentId: string;
  reportId: string;
  otherLine?: number;
};
type Sent = Readonly<{ row: Row; readable: Readable }>;

/** Largest request, well below the server's limit of a body. */
const MOST_BYTES = 393_216;
const BYTES_BESIDE_RAW = 750;
const MOST_FLAGS = 500;

export class Block {
  rows = 0;
  last = 0;
  observed = 0;
  readonly sent: Sent[] = [];
  readonly rejected: RejectedRow[] = [];
  readonly flagged: FlaggedRow[] = [];
  readonly findings = new Map<string, number>();
  private readonly known: number[] = [];
  private readonly elsewhere: number[] = [];
  private bytes = 0;
  private flags = 0;

  constructor(private readonly most: number) {}

  get isFull(): boolean {
    return this.rows >= this.most || this.bytes >= MOST_BYTES || this.flags >= MOST_FLAGS;
  }

  /** `isElsewhere`: the row is a fact of another order, which stays. */
  add(row: Row, outcome: Exclude<ReadRow, { leftOut: true }>, isElsewhere = false): void {
    this.rows += 1;
    this.last = row.line;
    this.bytes += BYTES_BESIDE_RAW + Math.min(6_000, 2 * Buffer.byteLength(row.raw));
    if ('rejected' in outcome) return this.reject(row, outcome.rejected.code, outcome.rejected.message);
    if (isElsewhere) return this.keep(row, outcome);
    this.flags += outcome.flags.length + 1;
    this.sent.push({ row, readable: outcome });
  }

  /** The requests to send, in order; each reversal is a request of its own. */
  *parts(): Generator<readonly Sent[]> {
    let part: Sent[] = [];
    for (const sent of this.sent) {
      if (sent.readable.reversal && part.length > 0) {
        yield part;
        part = [];
      }
      if (sent.readable.reversal) yield [sent];
      else part.push(sent);
    }
    if (part.length > 0) yield part;
  }

  reject(row: Row, code: string, message: string): void {
    const raw = legible(row.raw, 1_000);
    const cut = raw.endsWith('…') && !row.raw.endsWith('…') ? ' (the row is kept cut to 1,000 characters)' : '';
    this.rejected.push({ line: row.line, code, message: sentence(`${message}${cut}`, 500), raw });
    this.count(`rejected:${code}`);
  }

  private keep({ line }: Row, { observation }: Readable): void {
    const { workOrderId, equipmentId, reportId } = observation;
    const message = 'The row was recorded before, on another order; the recorded fact stays there.';
    this.observed += 1;
    this.flags += 1;
    this.elsewhere.push(line);
    this.flagged.push({ line, code: 'imported-otherwise', message, workOrderId, equipmentId, reportId });
    this.count('imported-otherwise');
  }

  /** `events` is what the row caused; empty if it was recorded before, from another file. */
  observe(row: Row, { observation, flags }: Readable, events: readonly string[], facts: readonly string[]): void {
    this.observed += 1;
    const { workOrderId, equipmentId, reportId } = observation;
    const flag = (code: string, message: string) => {
      this.flagged.push({ line: row.line, code, message, workOrderId, equipmentId, reportId });
      this.count(code);
    };
    if (events.length === 0) {
      this.known.push(row.line);
      return this.count('known-before');
    }
    for (const type of events) if (!facts.includes(type)) this.count(type);
    for (const { code, message } of flags) flag(code, message);
    if (events.includes('ConflictingReportDetected'))
      flag('imported-otherwise', 'The row was recorded before, with other content; the recorded fact stays as it is.');
  }

  /** The lines that were recorded before, as ranges with no other line of this block in them. */
  knownLines(): { from: number; to: number }[] {
    const known = new Set(this.known);
    const others = [...this.elsewhere, ...this.rejected.map(({ line }) => line)];
    const lines = [...this.sent.map(({ row }) => row.line), ...others].sort((a, b) => a - b);
    const ranges: { from: number; to: number }[] = [];
    let open = false;
    for (const line of new Set(lines)) {
      if (!known.has(line)) open = false;
      else if (open) ranges.at(-1)!.to = line;
      else {
        ranges.push({ from: line, to: line });
        open = true;
      }
    }
    return ranges;
  }

  private count(code: string): void {
    this.findings.set(code, (this.findings.get(code) ?? 0) + 1);
  }
}
