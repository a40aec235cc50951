/** Pure files of the console, for specs: it is built for browsers, so that nothing of it can be required as it ships. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ModuleKind, transpileModule } from 'typescript';

/** What a file without imports exports. @param path below apps/web/src */
export function sourceOf<Exports>(path: string): Exports {
  const text = readFileSync(resolve(__dirname, '../../../../apps/web/src', path), 'utf8');
  const { outputText } = transpileModule(text, { compilerOptions: { module: ModuleKind.CommonJS } });
  const exports = {};
  new Function('exports', outputText)(exports);
  return exports as Exports;
}
