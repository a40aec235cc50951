/**
 * Finds reports of a ledger by id, content and time. Hides: an index beside the linked list, made when it is first asked for. Promises: the
 * same answers as a walk through the list; a question after one more report costs the same however many there are. Does not: change the list,
 * which stays plain data; an older ledger may be asked at any time, at the price of what was added since.
 */
import type { Entry, Ledger } from './ledger-entry';
import { Spans } from './spans';
import type { Told } from './report.events';

type Read = { span?: readonly [from: number, to: number]; story?: string };
/** What was read from reports, once: they are often compared. */
const reads = new WeakMap<Told, Read>();
function readOf(told: Told): Read {
  let read = reads.get(told);
  if (!read) reads.set(told, (read = {}));
  return read;
}

/** The instants of a report. */
export const spanOf = (told: Told): readonly [from: number, to: number] =>
  (readOf(told).span ??= [Date.parse(told.from), Date.parse(told.to)]);

/** What was made by whom, where and when, whatever the report's id. Instants count as instants, amounts as written. */
export const storyOf = (told: Told): string =>
  (readOf(told).story ??= JSON.stringify([
    told.kind,
    told.operationId,
    told.equipmentId,
    told.person ?? null,
    told.good,
    told.rework,
    told.unit,
    ...spanOf(told),
    told.scrap.map(({ quantity, reasonCode }) => [quantity, reasonCode]),
  ]));

class Lists {
  private readonly lists = new Map<string, Entry[]>();

  of(key: string): readonly Entry[] {
    return this.lists.get(key) ?? [];
  }

  push(key: string, entry: Entry): void {
    const list = this.lists.get(key);
    if (list) list.push(entry);
    else this.lists.set(key, [entry]);
  }

  /** Entries leave in the reverse order of their arrival. */
  pop(key: string): void {
    const list = this.lists.get(key)!;
    list.pop();
    if (list.length === 0) this.lists.delete(key);
  }
}

export class LedgerIndex {
  /** The entries of the ledger that the index stands at, oldest first. */
  private readonly path: Entry[] = [];
  private readonly counted = new Lists();
  private readonly replacements = new Lists();
  private readonly kept = new Lists();
  private readonly stories = new Lists();
  private readonly machines = new Map<string, Spans<Entry>>();

  /** The index of that ledger. */
  static of(ledger: Entry): LedgerIndex {
    const ahead: Entry[] = [];
    let [index, number]: [LedgerIndex | undefined, number] = [undefined, -1];
    for (let entry: Ledger = ledger; entry; entry = entry.before) {
      const place = places.get(entry);
      index ??= place?.index;
      // An entry left the index when another branch was asked.
      if (place && place.index === index && index.path[place.number] === entry) {
        ({ number } = place);
        break;
      }
      ahead.push(entry);
    }
    index ??= new LedgerIndex();
    index.goTo(number);
    for (const next of ahead.reverse()) index.add(next);
    return index;
  }

  reportOf(reportId: string): Entry | undefined {
    return this.counted.of(reportId).at(-1);
  }

  correctionOf(reportId: string): Entry | undefined {
    return this.replacements.of(reportId).at(-1);
  }

  isKept(told: Told): boolean {
    return this.kept.of(keyOf(told)).length > 0;
  }

  /** The earliest standing report with the same content under another id. */
  repeatedBy(told: Told): string | undefined {
    return this.stories.of(storyOf(told)).find((entry) => entry.told.reportId !== told.reportId && this.isStanding(entry))?.told.reportId;
  }

  /** Standing reports on the machine that overlap with a span of time, at most so many; oldest report first. */
  overlapping(equipmentId: string, [from, to]: readonly [number, number], except: string, most: number): Told[] {
    const found: Entry[] = [];
    for (const entry of this.machines.get(equipmentId)?.overlapping(from, to) ?? []) {
      if (entry.told.reportId === except || !this.isStanding(entry)) continue;
      found.push(entry);
      if (found.length === most) break;
    }
    return found.sort((a, b) => numberOf(a) - numberOf(b)).map(({ told }) => told);
  }

  private isStanding(entry: Entry): boolean {
    const replacement = this.replacements.of(entry.told.reportId).at(-1);
    return !replacement || numberOf(replacement) < numberOf(entry);
  }

  private goTo(number: number): void {
    while (this.path.length - 1 > number) this.remove(this.path.pop()!);
  }

  private add(entry: Entry): void {
    places.set(entry, { index: this, number: this.path.push(entry) - 1 });
    const { told, replaces, counted } = entry;
    this.kept.push(keyOf(told), entry);
    if (replaces) this.replacements.push(replaces, entry);
    if (!counted) return;
    this.counted.push(told.reportId, entry);
    this.stories.push(storyOf(told), entry);
    let machine = this.machines.get(told.equipmentId);
    if (!machine) this.machines.set(told.equipmentId, (machine = new Spans()));
    machine.add(entry, ...spanOf(told));
  }

  private remove({ told, replaces, counted }: Entry): void {
    this.kept.pop(keyOf(told));
    if (replaces) this.replacements.pop(replaces);
    if (!counted) return;
    this.counted.pop(told.reportId);
    this.stories.pop(storyOf(told));
    this.machines.get(told.equipmentId)!.removeLast(...spanOf(told));
  }
}

const keyOf = (told: Told): string => `${told.reportId} ${storyOf(told)}`;
const places = new WeakMap<Entry, Readonly<{ index: LedgerIndex; number: number }>>();
const numberOf = (entry: Entry): number => places.get(entry)!.number;
