/**
 * A fingerprint of the code that makes a value, for what is only valid as long as the same code would make it again. Hides: which files count.
 * Promises: any change of a file that exports the value, or of one that such a file loads, changes it; the same code has the same fingerprint on
 * every machine. Does not: cover packages, or files that are loaded by a computed name.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const REQUIRED = /\brequire\("(#[^"]+|\.{1,2}\/[^"]+)"\)/g;

const texts = new Map<string, string>();
const fingerprints = new WeakMap<object, Map<string, string>>();
let whole: string | undefined;

/**
 * SHA-256 (hex) of the code of a value, and of `engine`, a file that works with it: the files below `libs` that export the value or are the
 * engine, and all that they load. Of all code, if no loaded file exports the value.
 */
export function codeOf(value: object, engine: string): string {
  const known = fingerprints.get(value) ?? new Map<string, string>();
  fingerprints.set(value, known);
  const before = known.get(engine);
  if (before !== undefined) return before;
  const files = new Set<string>();
  const exporting = filesExporting(value);
  const complete = exporting.length > 0 && [...exporting, engine].every((file) => gather(file, files));
  const found = complete ? digestOf(files) : (whole ??= digestOf(allFiles()));
  known.set(engine, found);
  return found;
}

function filesExporting(value: object): string[] {
  return Object.entries(require.cache).flatMap(([file, module]) => {
    if (!file.startsWith(ROOT + sep)) return [];
    const { exports } = (module ?? {}) as { exports?: unknown };
    return typeof exports === 'object' && exports !== null && Object.values(exports).includes(value) ? [file] : [];
  });
}

/** Adds a file and all that it loads. False if one of them is not a file of its own. */
function gather(file: string, files: Set<string>): boolean {
  if (files.has(file)) return true;
  if (!existsSync(file)) return false;
  files.add(file);
  return [...textOf(file).matchAll(REQUIRED)].every(([, name]) =>
    name!.endsWith('.json')
      ? false
      : gather(`${name!.startsWith('#') ? join(ROOT, name!.slice(1)) : resolve(dirname(file), name!)}.js`, files),
  );
}

function allFiles(): Set<string> {
  const names = readdirSync(ROOT, { recursive: true, encoding: 'utf8' });
  return new Set(names.filter((name) => name.endsWith('.js') && !/[.-]spec\.js$/.test(name)).map((name) => join(ROOT, name)));
}

function digestOf(files: ReadonlySet<string>): string {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) hash.update(`${file.slice(ROOT.length)}\n`).update(textOf(file));
  return hash.digest('hex');
}

function textOf(file: string): string {
  const text = texts.get(file) ?? readFileSync(file, 'utf8');
  texts.set(file, text);
  return text;
}
