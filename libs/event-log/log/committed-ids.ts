/** Where an event id was written. */
export type Written = Readonly<{ stream: string; ordinal: number; offset: number }>;

/** The ids of the newest events, bounded: they make a repeated append with `any` idempotent for a while. */
export class CommittedIds {
  private young = new Map<string, Written>();
  private old = new Map<string, Written>();

  /** @param generation ids per generation; between one and two generations are remembered */
  constructor(private readonly generation = 40_000) {}

  get(id: Buffer): Written | undefined {
    const key = id.toString('latin1');
    return this.young.get(key) ?? this.old.get(key);
  }

  add(id: Buffer, written: Written): void {
    if (this.young.size >= this.generation) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(id.toString('latin1'), written);
  }

  delete(id: Buffer): void {
    const key = id.toString('latin1');
    this.young.delete(key);
    this.old.delete(key);
  }
}
