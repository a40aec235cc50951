#!/usr/bin/env node
/**
 * `npm run pack:event-log [-- DIR]`: makes an npm tarball of `libs/event-log` from compiled output. Prints its path. It contains code, type
 * declarations, package.json and README; no specs and none of their helpers.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'libs/event-log');

const run = (command, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
};

/** Specs, and files that only specs use. */
const ships = (path) => !/(^|\/)contract\/|[.-]spec\.|-under-test\./.test(path);

export function packEventLog(to) {
  const stage = mkdtempSync(join(tmpdir(), 'event-log-stage-'));
  try {
    const compiled = join(root, 'dist/libs/event-log');
    for (const path of readdirSync(compiled, { recursive: true })) {
      if (!path.endsWith('.js') || !ships(path)) continue;
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      writeFileSync(join(stage, path), readFileSync(join(compiled, path), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'));
    }
    const entries = ['node.ts', 'log/backup.ts'].map((entry) => join(source, entry));
    const options = [
      '--ignoreConfig',
      '--declaration',
      '--emitDeclarationOnly',
      '--module',
      'node20',
      '--target',
      'es2022',
      '--strict',
      '--skipLibCheck',
    ];
    run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), ...options, '--types', 'node', '--rootDir', source, '--outDir', stage, ...entries],
      root,
    );
    const {
      private: _private,
      devDependencies: _devDependencies,
      ...shipped
    } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(shipped, undefined, 2)}\n`);
    cpSync(join(source, 'README.md'), join(stage, 'README.md'));
    mkdirSync(to, { recursive: true });
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', resolve(to)], stage));
    return join(resolve(to), packed.filename.replace(/^@/, '').replace('/', '-'));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(packEventLog(process.argv[2] ?? '.'));
