import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Worker } from 'node:worker_threads';
import { FileFault, readRows, surveyFile } from './file';
import { parseMapping, type Mapping } from './mapping';

const mapping = parseMapping(`
name: log
facility: haifa
csv: { delimiter: ';' }
unit: pcs
time: { zone: UTC, end: { column: end, format: ISO } }
order: { column: order }
machine: { column: machine }
operation: { column: op }
kind: { column: kind, values: { D: Production } }
good: good
`);
const header = 'order;machine;op;kind;good;end';

describe('a production log', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ops-file-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const file = (content: string | Buffer) => {
    const path = join(directory, 'log.csv');
    writeFileSync(path, content);
    return path;
  };
  const rowsOf = async (content: string | Buffer, by: Mapping = mapping) => {
    const rows = [];
    for await (const row of readRows(file(content), by)) rows.push(row);
    return rows;
  };
  const fault = (content: string | Buffer, by: Mapping = mapping) =>
    surveyFile(file(content), by).catch((error: unknown) => error as FileFault);

  it('is identified by its content', async () => {
    const content = `${header}\na;b;c;D;1;x\n`;
    const survey = await surveyFile(file(content), mapping);
    expect(survey).toMatchObject({ rows: 1, bytes: BigInt(content.length), digest: createHash('sha256').update(content).digest('hex') });
  });

  it('gives rows with the line they begin on: byte order mark, mixed line ends, blank lines, quoted line breaks, no last line end', async () => {
    const rows = await rowsOf(`\ufeff${header}\r\n1;2;3;D;5;6\r\n\r\n"x\ny";2;3;D;5;6\n"a ""b""";;3\n7;8;9;D;1;2`);
    expect(rows.map(({ line, cells }) => [line, cells[0], cells.length])).toEqual([
      [2, '1', 6],
      [4, 'x\ny', 6],
      [6, 'a "b"', 3],
      [7, '7', 6],
    ]);
    expect(rows[1]!.raw).toBe('"x\ny";2;3;D;5;6');
    expect(await surveyFile(file(`\ufeff${header}\n`), mapping)).toMatchObject({ rows: 0, header: header.split(';') });
  });

  it('counts a line break within quotes once, whatever its form', async () => {
    for (const end of ['\r\n', '\n', '\r']) {
      const rows = await rowsOf([header, `"x`, `y";2;3;D;5;6`, '', '7;8;9;D;1;2', ''].join(end));
      expect(rows.map(({ line, cells }) => [line, cells[0]])).toEqual([
        [2, `x${end}y`],
        [5, '7'],
      ]);
    }
  });

  it('may end its lines with carriage returns alone', async () => {
    const content = `${header}\r1;2;3;D;5;6\r7;8;9;D;1;2\r`;
    expect(await surveyFile(file(content), mapping)).toMatchObject({ rows: 2 });
    expect((await rowsOf(content)).map(({ line, raw }) => [line, raw])).toEqual([
      [2, '1;2;3;D;5;6'],
      [3, '7;8;9;D;1;2'],
    ]);
  });

  it('keeps a quote within a text', async () => {
    const rows = await rowsOf(`${header}\n12" pipe;b;c;D;1;x\n"a ""b""";b;c;D;1;x\n`);
    expect(rows.map(({ cells }) => cells[0])).toEqual(['12" pipe', 'a "b"']);
  });

  it('has no quotes if the mapping says none', async () => {
    const by: Mapping = { ...mapping, csv: { ...mapping.csv, quote: 'none' } };
    expect((await rowsOf(`${header}\n"a;b;c;D;1;x\n`, by))[0]!.cells[0]).toBe('"a');
  });

  it('is read without empty rows and without separators beyond the last column', async () => {
    const rows = await rowsOf(`${header}\n;;;;;\n; ;\n;;;;;;;;\n\t\na;b;c;D;1;x;;\na;b;c;D;1;x;;y\n`);
    expect(rows.map(({ line, cells }) => [line, cells.length])).toEqual([
      [6, 6],
      [7, 8],
    ]);
  });

  it('is read without comment lines, which still count as lines', async () => {
    const by: Mapping = { ...mapping, csv: { ...mapping.csv, comment: '#' } };
    const rows = await rowsOf(`# made by "X\n${header}\n#;;\n\na#1;b;c;D;1;x\n`, by);
    expect(rows.map(({ line, cells }) => [line, cells[0]])).toEqual([[5, 'a#1']]);
  });

  it('may be compressed', async () => {
    const packed = gzipSync(`${header}\na;b;c;D;1;x\n`);
    expect((await rowsOf(packed)).map(({ line, cells }) => [line, cells[0]])).toEqual([[2, 'a']]);
    expect(await surveyFile(file(packed), mapping)).toMatchObject({ digest: createHash('sha256').update(packed).digest('hex') });
    expect(await fault(packed.subarray(0, packed.length - 12))).toMatchObject({ code: 'archive-damaged' });
  });

  it('is recognized as UTF-16 by its byte order mark', async () => {
    const text = Buffer.from(`\ufeff${header}\nä;b;c;D;1;x\n`, 'utf16le');
    expect((await rowsOf(text))[0]!.cells[0]).toBe('ä');
    expect((await rowsOf(text.swap16()))[0]!.cells[0]).toBe('ä');
  });

  it('keeps equal rows', async () => {
    expect(await rowsOf(`${header}\na;b;c;D;1;x\na;b;c;D;1;x\n`)).toHaveLength(2);
  });

  it.each([
    ['nothing', '', 'file-empty'],
    ['the wrong delimiter', header.replaceAll(';', ','), 'wrong-delimiter'],
    ['tabs', header.replaceAll(';', '\t'), 'wrong-delimiter'],
    ['a missing column', 'order;machine;op;kind;end\n', 'columns-missing'],
    ['a doubled column', `${header};good\n`, 'columns-doubled'],
    ['an open quote', `${header}\n"a;b;c\n`, 'csv-malformed'],
    ['binary data', Buffer.concat([Buffer.from(`${header}\n`), Buffer.from([0, 1, 2, 3])]), 'not-text'],
    ['bytes of another encoding', Buffer.concat([Buffer.from(`${header}\n`), Buffer.from([0xe9, 0xff, 0x3b])]), 'not-text'],
  ])('is refused as a whole if it has %s', async (_what, content, code) => {
    const error = await fault(content);
    expect(error).toBeInstanceOf(FileFault);
    expect(error).toMatchObject({ code });
  });

  it('is refused when it does not exist or is a directory', async () => {
    await expect(surveyFile(join(directory, 'none.csv'), mapping)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(surveyFile(directory, mapping)).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('is read in the encoding that the mapping names', async () => {
    const hebrew: Mapping = { ...mapping, csv: { ...mapping.csv, encoding: 'windows-1255' } };
    const [row] = await rowsOf(Buffer.concat([Buffer.from(`${header}\n`), Buffer.from([0xe0, 0xe1]), Buffer.from(';b;c;D;1;x\n')]), hebrew);
    expect(row!.cells[0]).toBe('אב');
  });

  it('is never in memory as a whole: 120 MB are read with a heap of 48 MB', async () => {
    const path = join(directory, 'large.csv');
    const out = await open(path, 'w');
    await out.write(`${header};remark\n`);
    const remark = 'x'.repeat(550);
    const block = Array.from({ length: 10_000 }, (_, n) => `Case${n};M4;turning;D;1;2012-01-30T06:42:00Z;${remark}`).join('\n') + '\n';
    for (let n = 0; n < 20; n += 1) await out.write(block);
    await out.close();
    const survey = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { surveyFile } = require(workerData.file);
      surveyFile(workerData.path, workerData.mapping).then(({ rows }) => parentPort.postMessage(rows));`;
    const workerData = { file: resolve(__dirname, 'file.js'), path, mapping };
    const worker = new Worker(survey, { eval: true, workerData, resourceLimits: { maxOldGenerationSizeMb: 48 } });
    const rows = await new Promise((done, failed) => worker.once('message', done).once('error', failed));
    await worker.terminate();
    expect(rows).toBe(200_000);
    rmSync(path);
  });
});
