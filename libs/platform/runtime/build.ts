/**
 * A fingerprint of this build's compiled code. Hides: which files count. Promises: any change of code below `libs` changes it; the same
 * build has the same fingerprint on every machine. Does not: cover packages.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let known: string | undefined;

/** SHA-256 (hex) of all code that decides, folds and upcasts. Computed once, on first use. */
export function buildFingerprint(): string {
  if (known) return known;
  const root = join(__dirname, '..', '..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.js') && !/[.-]spec\.js$/.test(file),
  );
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return (known = hash.digest('hex'));
}
