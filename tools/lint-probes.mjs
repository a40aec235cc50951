#!/usr/bin/env node
/**
 * Plants one violation of every import rule and claim check in a copy of the source; fails if one is not reported: a rule that never fires
 * guards nothing.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');

/** The last room of each lib, which no other room may import. */
const LAST_ROOM = { platform: 'testing', 'event-log': 'contract' };

/** Rule -> a file that breaks it. */
const probes = {
  'kernel-imports-nothing': ['libs/kernel/probe.ts', `import 'pg';`],
  'deciders-are-pure': ['libs/facility/probe.ts', `import { Rename } from './facility.commands';\nexport const probe = Rename;`],
  'deciders-have-no-packages': ['libs/facility/probing.ts', `import { v4 } from 'uuid';\nexport const probe = v4;`],
  'events-are-plain': ['libs/facility/probe.events.ts', `import { Code } from '#platform/commands/fields';\nexport const probe = Code;`],
  'slices-do-not-meet': [
    'libs/facility/probe.module.ts',
    `import { equipment } from '#equipment/equipment';\nexport const probe = equipment;`,
  ],
  'platform-knows-no-slice': ['libs/platform/probe.ts', `import { facility } from '#facility/facility';\nexport const probe = facility;`],
  'manufacturing-imports-the-kernel': [
    'libs/manufacturing/probe.ts',
    `import { Code } from '#platform/commands/fields';\nexport const probe = Code;`,
  ],
  'manufacturing-knows-no-slice': [
    'libs/manufacturing/probe.fields.ts',
    `import { facility } from '#facility/facility';\nexport const probe = facility;`,
  ],
  'event-log-stands-alone': ['libs/platform/probing.ts', `import { startNode } from '#event-log/node';\nexport const probe = startNode;`],
  'processes-know-messages-only': [
    'libs/processes/probe.ts',
    `import { facility } from '#facility/facility';\nexport const probe = facility;`,
  ],
  'processes-know-commands-by-type': [
    'libs/processes/probing.ts',
    `import * as commands from '#facility/facility.commands';\nexport const probe = commands;`,
  ],
  ...Object.fromEntries(
    forbidden
      .filter(({ name }) => /^room-(platform|event-log)-/.test(name))
      .map(({ name }) => {
        const [, lib, room] = /^room-(platform|event-log)-(.+)$/.exec(name);
        return [
          name,
          [`libs/${lib}/${room}/probe.ts`, `import type { Probe } from '../${LAST_ROOM[lib]}/probe';\nexport type Room = Probe;`],
        ];
      }),
  ),
  'contract-is-for-specs': ['libs/event-log/probe.ts', `import type { Probe } from './contract/probe';\nexport type Room = Probe;`],
  'testing-is-for-specs': ['apps/api/probe.ts', `import { given } from '#platform/testing/given';\nexport const probe = given;`],
  'web-knows-the-api-only': [
    'apps/web/src/parts/probe.ts',
    `import { facility } from '../../../../libs/facility/facility';\nexport const probe = facility;`,
  ],
  'web-runs-in-browsers': ['apps/web/src/parts/probing.ts', `import 'pg';`],
  'only-web-imports-web': ['apps/api/probe-web.ts', `import { lengthOf } from '../web/src/parts/plants';\nexport const probe = lengthOf;`],
  'pages-do-not-meet': ['apps/web/src/pages/probe/probe.ts', `import '../overview/overview';`],
  ...Object.fromEntries(
    forbidden
      .filter(({ name }) => name.startsWith('room-web-'))
      .map(({ name }) => [name, [`apps/web/src/${name.slice('room-web-'.length)}/room-probe.ts`, `import '../shell/app';`]]),
  ),
  'apps-are-leaves': ['libs/platform/leaf.ts', `import '../../apps/api/main';`],
  'no-cycles': [
    'libs/platform/ring.ts',
    `import type { Ring } from './ringlet';\nexport type Bond = Ring;`,
    'libs/platform/ringlet.ts',
    `import type { Bond } from './ring';\nexport type Ring = Bond;`,
  ],
  'no-orphans': ['libs/platform/alone.ts', `export const alone = 1;`],
  'no-undeclared-packages': ['libs/platform/smuggled.ts', `import 'pg-protocol';`],
};

/** What each claim check must report, and the file that causes it. */
const claims = {
  'an export that nobody imports': [
    'libs/platform/problem/unused-probe.ts',
    'export const nobody = 1;',
    'exports nobody, which no other file imports',
  ],
  'a file that does not exist': [
    'docs/probe-1.md',
    'See `libs/platform/nowhere.ts`.',
    'names libs/platform/nowhere.ts, which does not exist',
  ],
  'a link that leads nowhere': ['docs/probe-2.md', 'See [this](nowhere.md).', 'links to nowhere.md, which does not exist'],
  'a section that does not exist': [
    'docs/probe-3.md',
    'See [this](glossary.md#nowhere).',
    'links to #nowhere, a section that docs/glossary.md does not have',
  ],
  'a script that does not exist': ['docs/probe-4.md', 'Run `npm run nothing`.', 'names npm run nothing'],
  'a decision that does not exist': ['docs/probe-5.md', 'See ADR 9999.', 'names ADR 9999'],
  'an invariant that does not exist': ['libs/kernel/probe-invariant.ts', '// Holds I99.', 'names invariant I99'],
  'code that no file has': ['docs/probe-6.md', '```ts\nconst a = 1;\n```', 'shows TypeScript that is not cut from a file'],
  'code that differs from its file': [
    'docs/probe-7.md',
    '<!-- cut: libs/kernel/identity.ts streamOf -->\n\n```ts\nconst streamOf = 1;\n```',
    'shows streamOf otherwise than libs/kernel/identity.ts has it',
  ],
};

const copy = mkdtempSync(join(tmpdir(), 'plantlog-probes-'));
try {
  for (const entry of ['apps', 'libs', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs'])
    cpSync(join(project, entry), join(copy, entry), { recursive: true });
  symlinkSync(realpathSync(join(project, 'node_modules')), join(copy, 'node_modules'));
  for (const [lib, room] of Object.entries(LAST_ROOM))
    writeFileSync(join(copy, 'libs', lib, room, 'probe.ts'), 'export type Probe = string;\n');
  for (const [path, text, ...more] of Object.values(probes)) {
    for (const [file, content] of [[path, text], ...(more.length ? [more] : [])]) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), `${content}\n`);
    }
  }
  // What a probe imports is enough, and what that imports, for cycles.
  const planted = Object.values(probes).map(([path]) => path);
  const options = ['--config', '.dependency-cruiser.cjs', '--no-cache', '--max-depth', '2', '--output-type', 'json'];
  const { stdout } = spawnSync('npx', ['depcruise', ...options, ...planted], { cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28 });
  const fired = JSON.parse(stdout).summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
  let silent = 0;
  for (const { name } of forbidden) {
    const [path] = probes[name] ?? [];
    const red = path !== undefined && fired.includes(`${name} ${path}`);
    if (!red) silent += 1;
    console.log(`${red ? 'fires ' : 'SILENT'} ${name}`);
  }
  for (const entry of ['docs', 'tools', 'migrations', 'docker', 'eslint.config.mjs', 'jest.config.js', 'README.md', 'CONTRIBUTING.md'])
    cpSync(join(project, entry), join(copy, entry), { recursive: true });
  if (!existsSync(join(copy, 'docs/invariants.md'))) writeFileSync(join(copy, 'docs/invariants.md'), 'I1');
  for (const [path, content] of Object.values(claims)) writeFileSync(join(copy, path), `${content}\n`);
  const manifest = join(copy, 'package.json');
  writeFileSync(
    manifest,
    readFileSync(manifest, 'utf8').replace('"dependencies": {', '"dependencies": {\n    "' + `left-${'pad'}` + '": "1.0.0",'),
  );
  spawnSync('git', ['init', '--quiet'], { cwd: copy });
  const reported = spawnSync(process.execPath, ['tools/claims.mjs'], { cwd: copy, encoding: 'utf8' }).stdout;
  const expected = { ...claims, 'a package that nobody uses': [, , `package.json names left-${'pad'}`] };
  for (const [name, [path = '', , text]] of Object.entries(expected)) {
    const red = reported.split('\n').some((line) => line.startsWith(path) && line.includes(text));
    if (!red) silent += 1;
    console.log(`${red ? 'fires ' : 'SILENT'} claim: ${name}`);
  }
  const checks = forbidden.length + Object.keys(expected).length;
  console.log(`${checks - silent} passed, ${silent} failed`);
  process.exitCode = silent ? 1 : 0;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
