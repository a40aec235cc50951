import type { Decider } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import type * as commands from './import.commands';
import type { ImportEvent, RowFlagged, Source, Tally } from './import.events';

export type FileImport =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{
      status: 'running' | 'finished';
      source: Source;
      /** All rows up to this line are in the log. */
      throughLine: number;
      /** Parts of whole-file flags that are recorded. */
      flaggedParts: number;
      tally: Tally;
    }>;
type Started = Exclude<FileImport, { status: 'unknown' }>;

const nothing: Tally = { rows: 0, observed: 0, rejected: 0, findings: [] };

function started(state: FileImport): Started {
  if (state.status === 'unknown') throw new Rejected('import-not-started', 'The import of this file has not started. Start it first.');
  return state;
}

function running(state: FileImport): Started {
  const known = started(state);
  if (known.status === 'finished') throw new Rejected('import-finished', 'The import of this file is already finished.');
  return known;
}

/** Refuses a tally in which rows are missing: each row is either observed or rejected. */
function checkTally({ rows, observed, rejected }: Tally): void {
  if (rows !== observed + rejected)
    throw new Rejected('rows-unaccounted-for', `\`rows\` must be the sum of ${observed} observed and ${rejected} rejected, was ${rows}.`, {
      rows,
      observed,
      rejected,
    });
}

const taken = ({ rows, observed, rejected, findings }: Tally): Tally => ({
  rows,
  observed,
  rejected,
  findings: findings.map(({ code, count }) => ({ code, count })),
});

type Flagged = Omit<RowFlagged['data'], 'importId' | 'part'>;
const flag = (
  importId: string,
  { line, code, message, workOrderId, equipmentId, reportId, otherLine }: Flagged,
  part?: number,
): RowFlagged => ({
  type: 'RowFlagged',
  data: {
    importId,
    line,
    code,
    message,
    workOrderId,
    reportId,
    ...(equipmentId === undefined ? {} : { equipmentId }),
    ...(otherLine === undefined ? {} : { otherLine }),
    ...(part === undefined ? {} : { part }),
  },
});

function evolve(state: FileImport, event: ImportEvent): FileImport {
  switch (event.type) {
    case 'ImportStarted':
    case 'ImportRestarted': {
      const { file, bytes, digest, mapping, mappingDigest } = event.data;
      return {
        status: 'running',
        source: { file, bytes, digest, mapping, mappingDigest },
        throughLine: 0,
        flaggedParts: 0,
        tally: nothing,
      };
    }
    case 'RowRejected':
      return state;
    case 'RowFlagged':
      return state.status === 'unknown' ? state : { ...state, flaggedParts: event.data.part ?? state.flaggedParts };
    case 'RowsSettled':
      return state.status === 'unknown' ? state : { ...state, throughLine: event.data.throughLine, tally: event.data.tally };
    case 'ImportFinished':
      return state.status === 'unknown' ? state : { ...state, status: 'finished', tally: event.data.tally };
  }
}

/** The import of one file: which rows are in the log, and which were rejected. */
export const fileImport: Decider<typeof commands, FileImport, ImportEvent> = {
  category: 'import',
  initial: { status: 'unknown' },
  id: ({ importId }) => importId,
  evolve,
  decide: {
    StartImport: ({ importId, file, bytes, digest, mapping, mappingDigest }, state) => {
      const source = { file, bytes, digest, mapping, mappingDigest };
      if (state.status === 'unknown') return [{ type: 'ImportStarted', data: { importId, ...source } }];
      if (state.source.digest !== digest)
        throw new Rejected('import-id-taken', 'The id is already used for another file.', { importId, digest: state.source.digest });
      const previousMappingDigest = state.source.mappingDigest;
      if (previousMappingDigest === mappingDigest) return [];
      return [{ type: 'ImportRestarted', data: { importId, ...source, previousMappingDigest } }];
    },

    SettleRows: ({ importId, throughLine, rejected, flagged, tally }, state) => {
      if (throughLine <= started(state).throughLine) return [];
      running(state);
      checkTally(tally);
      return [
        ...rejected.map(({ line, code, message, raw }): ImportEvent => ({
          type: 'RowRejected',
          data: { importId, line, code, message, raw },
        })),
        ...flagged.map((row) => flag(importId, row)),
        { type: 'RowsSettled', data: { importId, throughLine, tally: taken(tally) } },
      ];
    },

    FlagRows: ({ importId, part, flagged }, state) => {
      if (part <= started(state).flaggedParts) return [];
      running(state);
      return flagged.map((row) => flag(importId, row, part));
    },

    FinishImport: ({ importId, tally }, state) => {
      const { status, tally: settled } = started(state);
      if (status === 'finished') return [];
      checkTally(tally);
      if (tally.rows !== settled.rows || tally.observed !== settled.observed || tally.rejected !== settled.rejected)
        throw new Rejected(
          'rows-unaccounted-for',
          `The totals must be those of the settled rows: ${settled.rows} rows, was ${tally.rows}.`,
          { settled, claimed: tally },
        );
      return [{ type: 'ImportFinished', data: { importId, tally: taken(tally) } }];
    },
  },
};
