/** The size of the console: compressed copies of its files, and the budget of what a browser loads before it shows the first page. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, brotliCompressSync, gzipSync } from 'node:zlib';

/** Bytes, gzipped, of the first load. */
export const FIRST_LOAD = 300_000;

const COMPRESSED = /\.(js|css|html|svg)$/;

/** Writes `<file>.br` beside each text. */
export function compressAll(directory) {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.test(entry.name) || entry.name === 'index.html') continue;
    const path = join(entry.parentPath, entry.name);
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
    writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path), quality));
  }
}

/** What the page index.html loads at once: its scripts, what they import statically, and their styles. */
function firstLoad(manifest) {
  const files = new Set();
  const add = (key) => {
    const { file, css = [], imports = [] } = manifest[key];
    if (files.has(file)) return;
    files.add(file);
    for (const style of css) files.add(style);
    imports.forEach(add);
  };
  for (const [key, { isEntry }] of Object.entries(manifest)) if (isEntry) add(key);
  return [...files];
}

/** What exceeds the budget, one sentence each; `manifest` is the one that Vite writes. */
export function overBudget(directory, manifest, budget = FIRST_LOAD) {
  const sizes = firstLoad(manifest).map((file) => [file, gzipSync(readFileSync(join(directory, file))).length]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const summary = `console: first load ${(total / 1_000).toFixed(0)} of ${budget / 1_000} kB gzipped`;
  const list = sizes.map(([file, size]) => `  ${size} ${file}`).join('\n');
  return {
    total,
    summary,
    faults: total > budget ? [`its first load is ${total} bytes gzipped; at most ${budget} are allowed:\n${list}`] : [],
  };
}
