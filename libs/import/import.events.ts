import type { Event, Upcasts } from '#kernel/event';

/** How often an exception was found. */
export type Finding = Readonly<{ code: string; count: number }>;

/** Counts of the rows up to a line of a file. */
export type Tally = Readonly<{
  /** Rows read; each is either observed or rejected. */
  rows: number;
  /** Rows that became facts on work orders. */
  observed: number;
  /** Rows that could not be read; each is a `RowRejected`. */
  rejected: number;
  /** Exceptions found on observed rows, by the type or code of the exception. */
  findings: readonly Finding[];
}>;

/** Source of an import: a file and the mapping that it is read with. */
export type Source = Readonly<{
  file: string;
  /** Size in bytes, as a decimal string. */
  bytes: string;
  /** SHA-256 (hex) of the file's bytes: the identity of the import. */
  digest: string;
  mapping: string;
  /** SHA-256 (hex) of the mapping. */
  mappingDigest: string;
}>;

type OfImport = Readonly<{ importId: string }>;

/** The import of a file started. */
export type ImportStarted = Event<
  'ImportStarted',
  OfImport &
    Source & {
      /**
       * How its report ids are made, so that other files recognise a row: from its values by the names of their columns; in earlier releases from
       * its texts in the order of the columns (`by-content`), or from its line (when absent).
       */
      reportIds?: 'by-content' | 'by-values';
    }
>;

/** The same file is read again with a changed mapping; recorded rows stay, and are counted again. */
export type ImportRestarted = Event<'ImportRestarted', OfImport & Source & { previousMappingDigest: string }>;

/** A row could not be read as a fact; its text is kept here. */
export type RowRejected = Event<
  'RowRejected',
  OfImport & {
    /** Line of the file on which the row begins, from 1. */
    line: number;
    code: string;
    message: string;
    /** The row as in the file, cut after 1,000 characters; control characters are shown as \\u escapes. */
    raw: string;
  }
>;

/** A row was recorded as a fact, and a person should check it. */
export type RowFlagged = Event<
  'RowFlagged',
  OfImport & {
    line: number;
    code: string;
    message: string;
    workOrderId: string;
    equipmentId?: string;
    reportId: string;
    /** The other line concerned, if there is one. */
    otherLine?: number;
    /** The part of the whole-file flags that it belongs to, if it is one of them. */
    part?: number;
  }
>;

/** Lines of a file, from the first to the last. */
export type Lines = Readonly<{ from: number; to: number }>;

/** All rows up to a line are recorded, as facts or as exceptions: a resumed import continues after it. */
export type RowsSettled = Event<
  'RowsSettled',
  OfImport & {
    throughLine: number;
    tally: Tally;
    /** Rows that were facts before, from another file. */
    known?: readonly Lines[];
  }
>;

/** All rows of the file are in the log. */
export type ImportFinished = Event<'ImportFinished', OfImport & { tally: Tally }>;

export type ImportEvent = ImportStarted | ImportRestarted | RowRejected | RowFlagged | RowsSettled | ImportFinished;

export const upcasts: Upcasts = {};
