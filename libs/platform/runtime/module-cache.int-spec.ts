import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const work = mkdtempSync(join(tmpdir(), 'module-cache-'));
const folder = join(work, 'kept');
const file = (name: string) => join(work, name);
afterAll(() => rmSync(work, { recursive: true, force: true }));

const APP = `
  const { loadQuickly } = require(${JSON.stringify(join(__dirname, 'module-cache.js'))});
  const keep = loadQuickly('app', ${JSON.stringify(folder)});
  require('./first');
  setTimeout(() => void keep(), 50);
`;
const FIRST = `
  const { word, lines } = require('./inner');
    const said = [word, require('./data.json').n, require.resolve('./inner') === require('node:path').join(__dirname, 'inner.js'), module.children.length, typeof require.cache, __filename.endsWith('first.js'), typeof this];
  require('./late')().then(({ late }) => console.log(JSON.stringify([...said, late, lines()])));
`;
const inner = (word: string) =>
  `exports.word = '${word}'; exports.lines = () => new Error('x').stack.split('\\n')[1].replace(/.*inner/, '');\n`;

const run = (): unknown[] => JSON.parse(execFileSync(process.execPath, [file('app.js')], { encoding: 'utf8' })) as unknown[];
/** Replaces the content so that the file looks unchanged from outside: same size, same time. */
const forge = (name: string, content: string) => {
  writeFileSync(file(name), content);
  utimesSync(file(name), 1_000, 1_000);
};

/** Node.js 22 caches compiled code itself. */
const itself = 'enableCompileCache' in Module;

beforeAll(() => {
  mkdirSync(folder);
  const files = {
    'app.js': APP,
    'first.js': FIRST,
    'inner.js': inner('one'),
    'data.json': '{ "n": 7 }',
    'late.js': "module.exports = () => import('./es.mjs');",
    'es.mjs': "export const late = 'late';",
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(file(name), content);
    utimesSync(file(name), 1_000, 1_000);
  }
});

const usual = ['one', 7, true, 2, 'object', true, 'object', 'late', '.js:1:45)'];

if (itself)
  it('modules are left to the cache of Node.js', () => {
    expect([run(), run()]).toEqual([usual, usual]);
  });
else
  describe('modules that were loaded before', () => {
    let first: unknown[];

    it('are kept in one file', () => {
      first = run();
      expect(first).toEqual(usual);
      expect(readdirSync(folder)).toEqual(['app.bin']);
    });

    it('behave the same when they come from it, including positions in stack traces', () => {
      expect(run()).toEqual(first);
      forge('inner.js', inner('two'));
      expect(run()).toEqual(first);
    });

    it('are reloaded when they changed', () => {
      writeFileSync(file('inner.js'), inner('six'));
      expect(run()).toEqual(['six', ...usual.slice(1)]);
      expect(run()).toEqual(['six', ...usual.slice(1)]);
    });

    it('are loaded as usual if the file is truncated or cannot be written', () => {
      writeFileSync(join(folder, 'app.bin'), 'cut off');
      expect(run()).toEqual(['six', ...usual.slice(1)]);
      rmSync(folder, { recursive: true });
      writeFileSync(folder, 'no folder');
      expect(run()).toEqual(['six', ...usual.slice(1)]);
    });
  });
