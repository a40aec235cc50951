/**
 * On which orders the rows of a file are recorded, from the events of its import: a changed mapping may give a row another order, where the system
 * would take it for a new one. Memory is bounded. Does not: know rows that came with another file.
 */
import { createHash } from 'node:crypto';
import { Digests } from './digests';

/** The part of an event that the importer needs. */
export type Logged = Readonly<{ type: string; data: unknown }>;
/** The events of the import: facts and exceptions, from its beginning on, in the order of the log. */
export type EventsOf = (importId: string) => AsyncIterable<Logged>;

/** Observations, and reversals that rows of a file asked for. */
const FACTS: readonly string[] = ['ProductionObserved', 'ProductionReportCorrected'];
type Fact = Readonly<{ workOrderId: string; reportId: string }>;

export class RecordedOrders {
  private readonly rows = new Digests();
  private readonly places = new Digests();

  static async of(events: AsyncIterable<Logged>): Promise<RecordedOrders> {
    const recorded = new RecordedOrders();
    for await (const { type, data } of events) if (FACTS.includes(type)) recorded.add(data as Fact);
    return recorded;
  }

  /** True if the row is a fact of other orders only. */
  isElsewhere({ workOrderId, reportId, formerReportId }: Fact & Readonly<{ formerReportId?: string }>): boolean {
    const names = [reportId, ...(formerReportId === undefined ? [] : [formerReportId])];
    const isIn = (known: Digests, prefix: string) => names.some((name) => known.has(...digestOf(`${prefix}${name}`)));
    return isIn(this.rows, '') && !isIn(this.places, `${workOrderId}/`);
  }

  private add({ workOrderId, reportId }: Fact): void {
    this.rows.add(...digestOf(reportId));
    this.places.add(...digestOf(`${workOrderId}/${reportId}`));
  }
}

function digestOf(text: string): readonly [number, number] {
  const digest = createHash('sha256').update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
