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
