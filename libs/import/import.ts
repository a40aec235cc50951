import type { Decider } from '#kernel/decider';
import { scopeIn, streamOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import type * as commands from './import.commands';
import type { ImportEvent, ImportStarted, Lines, RowFlagged, Source, Tally } from './import.events';

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
      /** How often it was begun: once, and once more with each change of the mapping. */
      runs: number;
      /** False for an import of old, whose reports are named by their line. */
      namedByContent: boolean;
      /** False for an import of old, whose reports are named by texts in the order of the columns, or by their line. */
      namedByValues: boolean;
      /** Rows that were facts before, from another file. */
      known: readonly Lines[];
    }>;
type Started = Exclude<FileImport, { status: 'unknown' }>;

const homeOf = (importId: string): string => streamOf('facility', scopeIn(importId));

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

const knownLines = (known: readonly Lines[] | undefined): { known?: readonly Lines[] } =>
  known?.length ? { known: known.map(({ from, to }) => ({ from, to })) } : {};

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

/** Ranges one after the other; two that touch become one. */
const joined = (before: readonly Lines[], more: readonly Lines[]): readonly Lines[] =>
  more.reduce<readonly Lines[]>((lines, next) => {
    const last = lines.at(-1);
    return last && last.to + 1 >= next.from ? [...lines.slice(0, -1), { from: last.from, to: next.to }] : [...lines, next];
  }, before);

const namedBy = (reportIds: ImportStarted['data']['reportIds']) => ({
  namedByContent: reportIds !== undefined,
  namedByValues: reportIds === 'by-values',
});
const named = ({ namedByContent, namedByValues }: Started) => ({ namedByContent, namedByValues });

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
        runs: state.status === 'unknown' ? 1 : state.runs + 1,
        ...(state.status === 'unknown' ? namedBy((event.data as ImportStarted['data']).reportIds) : named(state)),
        known: [],
      };
    }
    case 'RowRejected':
      return state;
    case 'RowFlagged':
      return state.status === 'unknown' ? state : { ...state, flaggedParts: event.data.part ?? state.flaggedParts };
    case 'RowsSettled':
      return state.status === 'unknown'
        ? state
        : { ...state, throughLine: event.data.throughLine, tally: event.data.tally, known: joined(state.known, event.data.known ?? []) };
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
  regards: (name, { importId }) => (name === 'StartImport' ? [{ stream: homeOf(importId as string), now: true }] : []),
  decide: {
    StartImport: ({ importId, file, bytes, digest, mapping, mappingDigest }, state, { regarded }) => {
      if (regarded?.[homeOf(importId)] === null)
        throw new Rejected('facility-unknown', `There is no facility ${scopeIn(importId)}; register it, or correct the mapping.`, {
          facilityId: scopeIn(importId),
        });
      const source = { file, bytes, digest, mapping, mappingDigest };
      if (state.status === 'unknown') return [{ type: 'ImportStarted', data: { importId, ...source, reportIds: 'by-values' } }];
      if (state.source.digest !== digest)
        throw new Rejected('import-id-taken', 'The id is already used for another file.', { importId, digest: state.source.digest });
      const previousMappingDigest = state.source.mappingDigest;
      if (previousMappingDigest === mappingDigest) return [];
      return [{ type: 'ImportRestarted', data: { importId, ...source, previousMappingDigest } }];
    },

    SettleRows: ({ importId, throughLine, rejected, flagged, tally, known }, state) => {
      if (throughLine <= started(state).throughLine) return [];
      running(state);
      checkTally(tally);
      return [
        ...rejected.map(({ line, code, message, raw }): ImportEvent => ({
          type: 'RowRejected',
          data: { importId, line, code, message, raw },
        })),
        ...flagged.map((row) => flag(importId, row)),
        { type: 'RowsSettled', data: { importId, throughLine, tally: taken(tally), ...knownLines(known) } },
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
