/** Makes a clone ready to run: Node version, packages, build. A step runs only if something has changed since it last ran. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const fail = (text) => {
  console.error(`\n${text}`);
  process.exit(1);
};

/** Runs one command; shows its output only if it fails or when asked for. */
function run(command, args, { show = false } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? result.error.message : ''}` };
}

const digest = (...texts) => createHash('sha256').update(texts.join('\0')).digest('hex');
const read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`This needs Node 20.19 or later; this is ${process.versions.node}. Install a newer one from https://nodejs.org and start again.`);
}

/** The lock file that node_modules was installed from; npm keeps its own copy there, but does not tell whether it still matches. */
function packages(say) {
  // A linked node_modules belongs to another checkout: `npm ci` would empty that one.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const { dependencies, devDependencies, optionalDependencies, overrides } = JSON.parse(read('package.json'));
  const named = JSON.stringify([dependencies, devDependencies, optionalDependencies, overrides]);
  const wanted = digest(named, read('package-lock.json'), process.platform, process.arch, process.versions.modules);
  const stamp = 'node_modules/.installed-from';
  if (read(stamp) === wanted && existsSync(join(root, 'node_modules/typescript'))) return;
  // Installed by hand with `npm ci`: npm's own record counts if it is newer than the lock file.
  const record = join(root, 'node_modules/.package-lock.json');
  const manual = !read(stamp) && existsSync(record) && statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
  if (!manual) {
    say('Installing packages (a minute or two, once) …');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const args = ['--no-audit', '--no-fund', '--loglevel=error'];
    let result = run(npm, ['ci', ...args]);
    if (!result.ok) {
      // If a registry lacks packages for other platforms, `npm ci` refuses a lock file that `npm install` accepts.
      say('`npm ci` failed; trying `npm install` …');
      const first = result.output;
      result = run(npm, ['install', '--no-save', ...args]);
      if (!result.ok) fail(`The packages could not be installed. Is the npm registry reachable?\n\n${first}\n${result.output}`);
    }
  }
  writeFileSync(join(root, stamp), wanted);
}

function* sources(directory) {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'generated') yield* sources(path);
    } else yield path;
  }
}

function build(say, force) {
  const files = ['apps', 'libs', 'migrations']
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) => [...sources(path)])
    .sort();
  const wanted = digest(
    read('package.json'),
    read('tsconfig.json'),
    read('nest-cli.json'),
    read('docs/generated/openapi.json'),
    ...['web.mjs', 'web/budget.mjs', 'web/generate-client.mjs'].map((name) => read(`tools/${name}`)),
    ...files.map((path) => `${path}\0${read(path)}`),
  );
  const stamp = 'dist/.built-from';
  if (!force && read(stamp) === wanted) return;
  say('Building …');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  for (const step of [['node_modules/@nestjs/cli/bin/nest.js', 'build', 'api'], ['tools/web.mjs']]) {
    const result = run(process.execPath, step);
    if (!result.ok) fail(`The build failed:\n\n${result.output}`);
  }
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, stamp), wanted);
}

/** @param {{ quiet?: boolean, force?: boolean }} options `force` always builds. */
export async function prepare({ quiet = false, force = false } = {}) {
  process.chdir(root);
  checkNode();
  const say = (text) => (quiet ? process.stderr : process.stdout).write(`${text}\n`);
  packages(say);
  build(say, force);
}
