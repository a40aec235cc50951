/** The stream was hard-deleted, or is soft-deleted although it has to exist. */
export class StreamDeleted extends Error {
  constructor(readonly stream: string) {
    super(`Event stream '${stream}' is deleted.`);
  }
}

/** One append holds more bytes than the node accepts. */
export class AppendTooLarge extends Error {
  constructor(readonly limit: number) {
    super(`Maximum Append Size of ${limit} Exceeded.`);
  }
}

/** Bytes of the longest event type. */
export const MAX_TYPE = 60_000;

/** Minimum overhead of an event in bytes. */
const PER_EVENT = 84;

/**
 * Measures one append. As in EventStoreDB 24, whose clients' test suites rely on it, only data count towards the limit; metadata, types and
 * the number of events are limited separately, so that they cannot exhaust memory.
 */
export class AppendSize {
  /** Size in bytes of everything added. */
  total = 0;
  private data = 0;

  constructor(private readonly limit: number) {}

  /** @throws AppendTooLarge */
  add(event: Readonly<{ data: Uint8Array; metadata: Uint8Array; type: string }>): void {
    this.data += event.data.length;
    this.total += PER_EVENT + event.data.length + event.metadata.length + event.type.length;
    if (this.data > this.limit || this.total > 16 * this.limit) throw new AppendTooLarge(this.limit);
  }
}

/** The node cannot write now (disk full, closing); nothing of the append was kept. */
export class LogUnavailable extends Error {
  constructor(
    message: string,
    /** The system's error code, such as ENOSPC. */
    readonly code?: string,
  ) {
    super(message);
  }
}
