/** The stream was hard-deleted, or is soft-deleted where it has to exist. */
export class StreamDeleted extends Error {
  constructor(readonly stream: string) {
    super(`Event stream '${stream}' is deleted.`);
  }
}

/** One append holds more bytes than the node takes at once. */
export class AppendTooLarge extends Error {
  constructor(readonly limit: number) {
    super(`Maximum Append Size of ${limit} Exceeded.`);
  }
}

/** Bytes of the longest event type. */
export const MAX_TYPE = 60_000;

/** What an event takes besides its own bytes, at least. */
const PER_EVENT = 84;

/**
 * Measures one append. As in EventStoreDB 24, whose clients' own suites rely on it, only data count towards the limit; metadata, types
 * and the events themselves are bounded apart, so that nobody fills the memory with them.
 */
export class AppendSize {
  /** Bytes of all that was added. */
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
