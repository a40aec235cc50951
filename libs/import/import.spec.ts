import { given } from '#platform/testing/given';
import { fileImport } from './import';
import type { ImportEvent } from './import.events';

const importId = 'haifa.543576596fcd5771148472fe3c210b6494b381d7';
const source = {
  file: 'Production.csv',
  bytes: '370375',
  digest: 'a'.repeat(64),
  mapping: 'production-log',
  mappingDigest: 'b'.repeat(64),
};
const tally = (rows: number, observed: number, rejected: number) => ({
  rows,
  observed,
  rejected,
  findings: [] as { code: string; count: number }[],
});
const begun: ImportEvent = { type: 'ImportStarted', data: { importId, ...source } };
const settled: ImportEvent = { type: 'RowsSettled', data: { importId, throughLine: 201, tally: tally(200, 199, 1) } };
const finished: ImportEvent = { type: 'ImportFinished', data: { importId, tally: tally(200, 199, 1) } };
const row = { line: 12, code: 'machine-overlap', message: 'M4 was claimed twice.', workOrderId: 'haifa.Case1', reportId: '5435.12' };

describe('a file that was never imported', () => {
  it('starts', () =>
    given(fileImport)
      .when('StartImport', { importId, ...source })
      .then({ type: 'ImportStarted', data: { importId, ...source, reportIds: 'by-values' } }));
  it('does not begin in a facility that nobody registered', () =>
    given(fileImport)
      .when('StartImport', { importId, ...source }, { regarded: { 'facility-haifa': null } })
      .rejects('facility-unknown'));
  it('has no rows to settle', () =>
    given(fileImport)
      .when('SettleRows', { importId, throughLine: 5, rejected: [], flagged: [], tally: tally(4, 4, 0) })
      .rejects('import-not-started'));
  it('has nothing to finish', () =>
    given(fileImport)
      .when('FinishImport', { importId, tally: tally(0, 0, 0) })
      .rejects('import-not-started'));
});

describe('a running import', () => {
  it('is not started twice', () =>
    given(fileImport, begun)
      .when('StartImport', { importId, ...source })
      .changesNothing());
  it('restarts with a changed mapping', () =>
    given(fileImport, begun, settled)
      .when('StartImport', { importId, ...source, mappingDigest: 'c'.repeat(64) })
      .then({
        type: 'ImportRestarted',
        data: { importId, ...source, mappingDigest: 'c'.repeat(64), previousMappingDigest: source.mappingDigest },
      }));
  it('refuses another file under its id', () =>
    given(fileImport, begun)
      .when('StartImport', { importId, ...source, digest: 'd'.repeat(64) })
      .rejects('import-id-taken'));
  it('records a block of rows with its exceptions', () => {
    const rejected = { line: 7, code: 'quantity-negative', message: 'Qty is negative.', raw: 'x;-1' };
    given(fileImport, begun)
      .when('SettleRows', { importId, throughLine: 201, rejected: [rejected], flagged: [row], tally: tally(200, 199, 1) })
      .then({ type: 'RowRejected', data: { importId, ...rejected } }, { type: 'RowFlagged', data: { importId, ...row } }, settled);
  });
  it('records every line once', () =>
    given(fileImport, begun, settled)
      .when('SettleRows', { importId, throughLine: 201, rejected: [], flagged: [], tally: tally(200, 199, 1) })
      .changesNothing());
  it('remembers how often it began, and which rows were known', () => {
    const known = (from: number, to: number): ImportEvent => ({
      type: 'RowsSettled',
      data: { importId, throughLine: to, tally: tally(200, 199, 1), known: [{ from, to }] },
    });
    const again: ImportEvent = {
      type: 'ImportRestarted',
      data: { importId, ...source, mappingDigest: 'c'.repeat(64), previousMappingDigest: source.mappingDigest },
    };
    const state = (...past: ImportEvent[]) => past.reduce(fileImport.evolve, fileImport.initial);
    expect(state(begun, known(2, 9), known(10, 20), known(30, 31))).toMatchObject({
      runs: 1,
      known: [
        { from: 2, to: 20 },
        { from: 30, to: 31 },
      ],
    });
    expect(state(begun, known(2, 9), again)).toMatchObject({ runs: 2, known: [], namedByContent: false });
    const anew: ImportEvent = { type: 'ImportStarted', data: { importId, ...source, reportIds: 'by-content' } };
    expect(state(anew, again)).toMatchObject({ runs: 2, namedByContent: true, namedByValues: false });
    const today: ImportEvent = { type: 'ImportStarted', data: { importId, ...source, reportIds: 'by-values' } };
    expect(state(today, again)).toMatchObject({ runs: 2, namedByContent: true, namedByValues: true });
  });
  it('loses no row', () =>
    given(fileImport, begun)
      .when('SettleRows', { importId, throughLine: 201, rejected: [], flagged: [], tally: tally(200, 198, 1) })
      .rejects('rows-unaccounted-for'));
  it('flags rows by part, each part once', () => {
    given(fileImport, begun, settled)
      .when('FlagRows', { importId, part: 1, flagged: [{ ...row, equipmentId: 'haifa.M4', otherLine: 3 }] })
      .then({ type: 'RowFlagged', data: { importId, ...row, equipmentId: 'haifa.M4', otherLine: 3, part: 1 } });
    given(fileImport, begun, settled, { type: 'RowFlagged', data: { importId, ...row, part: 1 } })
      .when('FlagRows', { importId, part: 1, flagged: [row] })
      .changesNothing();
  });
  it('finishes with the totals of the settled rows', () => {
    given(fileImport, begun, settled)
      .when('FinishImport', { importId, tally: tally(200, 199, 1) })
      .then(finished);
    given(fileImport, begun, settled)
      .when('FinishImport', { importId, tally: tally(201, 200, 1) })
      .rejects('rows-unaccounted-for');
  });
});

describe('a finished import', () => {
  it('stays as it is', () => {
    const past = [begun, settled, finished];
    given(fileImport, ...past)
      .when('StartImport', { importId, ...source })
      .changesNothing();
    given(fileImport, ...past)
      .when('FinishImport', { importId, tally: tally(200, 199, 1) })
      .changesNothing();
    given(fileImport, ...past)
      .when('SettleRows', { importId, throughLine: 300, rejected: [], flagged: [], tally: tally(299, 299, 0) })
      .rejects('import-finished');
    given(fileImport, ...past)
      .when('FlagRows', { importId, part: 9, flagged: [row] })
      .rejects('import-finished');
  });
});
