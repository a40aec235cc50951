import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A build of its own below a folder, with the code under test in its place. */
const work = mkdtempSync(join(tmpdir(), 'code-of-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const write = (name: string, text: string) => {
  mkdirSync(dirname(join(work, name)), { recursive: true });
  writeFileSync(join(work, name), text);
};

const SLICE = `const { step } = require("./rules"); exports.decider = { evolve: (state) => step(state) };`;
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "imports": { "#*": "./libs/*.js" } }',
  'libs/bin/bin.js': SLICE,
  'libs/bin/rules.js': `const { one } = require("#kernel/one"); exports.step = (state) => state + one;`,
  'libs/kernel/one.js': 'exports.one = 1;',
  'libs/bin/bin.view.js': `require("./bin"); exports.view = {};`,
  'libs/engine.js': `require("./engine-part"); exports.engine = {};`,
  'libs/engine-part.js': 'exports.part = 1;',
};
const print = (value: string) =>
  execFileSync(
    process.execPath,
    [
      '-e',
      `const { decider } = require('./libs/bin/bin'); require('./libs/bin/bin.view');
       const { codeOf } = require('./libs/platform/runtime/build');
       console.log(codeOf(${value}, require.resolve('./libs/engine')));`,
    ],
    { cwd: work, encoding: 'utf8' },
  ).trim();

beforeEach(() => {
  for (const [name, text] of Object.entries(FILES)) write(name, text);
  mkdirSync(join(work, 'libs/platform/runtime'), { recursive: true });
  cpSync(join(__dirname, 'build.js'), join(work, 'libs/platform/runtime/build.js'));
});

const changed = (name: string, value = 'decider'): boolean => {
  const before = print(value);
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  expect(print(value)).toBe(before);
  write(name, `${FILES[name] ?? ''}\n// changed`);
  return print(value) !== before;
};

it.each(['libs/bin/bin.js', 'libs/bin/rules.js', 'libs/kernel/one.js', 'libs/engine.js', 'libs/engine-part.js'])(
  'the fingerprint of a decider changes with %s, which it or the engine loads',
  (name) => expect(changed(name)).toBe(true),
);

it.each(['libs/bin/bin.view.js', 'libs/other/other.js'])('it stays the same when %s changes, which neither loads', (name) =>
  expect(changed(name)).toBe(false),
);

it('that of a value which no file exports changes with every file', () => {
  expect(changed('libs/bin/bin.view.js', '{}')).toBe(true);
  expect(changed('libs/other/more.js', '{}')).toBe(true);
});
