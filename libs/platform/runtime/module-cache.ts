/**
 * A faster start: modules that were loaded once are cached in one file, as source and as V8's compiled code, so thousands need not be found
 * and compiled again. Hides: the module loader of Node.js. Promises: a module that changed on disk is reloaded, and all are after a change
 * of Node.js or of the installed packages; without the file everything works as usual, only slower. Does not: cache ES modules, JSON or
 * native code.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync, statSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';

type Loaded = Readonly<{ size: number; changed: number; source: string; code: Buffer }>;
type Kept = Readonly<{
  installation: string;
  modules: Map<string, Loaded>;
  /** The file that a request from a folder resolves to. */
  found: Map<string, string>;
}>;
type Compile = (source: string, file: string, format?: string) => unknown;
type Inner = NodeModule & { _compile: Compile };
/** The parts of the loader that are replaced while an app starts. */
type Inside = {
  _resolveFilename(request: string, parent: NodeModule | undefined, isMain: boolean, options?: object): string;
  _resolveLookupPaths(request: string, parent: NodeModule): string[] | null;
  _extensions: NodeJS.RequireExtensions & { '.js': (module: NodeModule, file: string) => void };
  _cache: NodeJS.Dict<NodeModule>;
  wrap(source: string): string;
  prototype: Pick<Inner, '_compile'>;
  /** From Node.js 22 on; it does the same, better. */
  enableCompileCache?: (folder: string) => unknown;
};

const inside = Module as unknown as Inside;
const ROOT = join(__dirname, '..', '..', '..', '..');
const FOLDER = join(ROOT, 'dist', '.modules');
const WRAPPED = inside.wrap('').indexOf('{') + 2;
/** Scripts whose code is collected before other work gets a turn. */
const AT_ONCE = 10;

/**
 * Loads from the cache from now on. Returns a function that ends this and writes newly loaded modules to the cache; call it when the app
 * has started. A cache that cannot be written is ignored.
 */
export function loadQuickly(app: string, folder = FOLDER): () => Promise<void> {
  if (inside.enableCompileCache) {
    inside.enableCompileCache(folder);
    return async () => undefined;
  }
  const path = join(folder, `${app}.bin`);
  const kept = keptIn(path);
  const scripts = new Map<string, Readonly<{ script: vm.Script; source: string }>>();
  const found = new Map<string, string>();
  const looked = new Map<string, Loaded | undefined>();
  const known = (file: string): Loaded | undefined => {
    if (!looked.has(file)) looked.set(file, unchanged(file, kept.modules.get(file)));
    return looked.get(file);
  };

  const resolve = inside._resolveFilename;
  const load = inside._extensions['.js'];
  const compile = inside.prototype._compile;
  inside._resolveFilename = (request, parent, isMain, options) => {
    const place = parent?.path === undefined || options ? undefined : `${parent.path}\n${request}`;
    const before = place === undefined ? undefined : kept.found.get(place);
    if (before !== undefined && known(before)) return before;
    const file = resolve.call(inside, request, parent, isMain, options);
    if (place !== undefined && file !== request) found.set(place, file);
    return file;
  };
  inside._extensions['.js'] = (module, file) => {
    const loaded = known(file);
    if (loaded) (module as Inner)._compile(loaded.source, file);
    else load(module, file);
  };
  inside.prototype._compile = function (this: Inner, source, file, format) {
    const loaded = known(file);
    const script = format === undefined || format === 'commonjs' ? scriptOf(source, file, loaded?.code) : undefined;
    if (!script) return compile.call(this, source, file, format);
    if (!loaded || script.cachedDataRejected) scripts.set(file, { script, source });
    const run = script.runInThisContext() as (...given: unknown[]) => unknown;
    return run.call(this.exports, this.exports, requireOf(this), this, file, dirname(file));
  };

  return async () => {
    inside._resolveFilename = resolve;
    inside._extensions['.js'] = load;
    inside.prototype._compile = compile;
    if (scripts.size === 0) return;
    const modules = new Map([...kept.modules].filter(([file]) => known(file)));
    let gathered = 0;
    for (const [file, { script, source }] of scripts) {
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat) modules.set(file, { size: stat.size, changed: stat.mtimeMs, source, code: script.createCachedData() });
      if ((gathered += 1) % AT_ONCE === 0) await sleep(10, undefined, { ref: false });
    }
    await write(path, { installation: kept.installation, modules, found: new Map([...kept.found, ...found]) });
  };
}

/** Undefined for modules that only the loader of Node.js can handle. Code from the cache cannot use `import()`. */
function scriptOf(source: string, filename: string, cachedData: Buffer | undefined): vm.Script | undefined {
  if (/\bimport\s*\(/.test(source)) return undefined;
  try {
    return new vm.Script(inside.wrap(source), { filename, columnOffset: -WRAPPED, ...(cachedData ? { cachedData } : {}) });
  } catch {
    return undefined;
  }
}

function requireOf(module: Inner): NodeJS.Require {
  const resolve = Object.assign((id: string, options?: object) => inside._resolveFilename(id, module, false, options), {
    paths: (id: string) => inside._resolveLookupPaths(id, module),
  });
  const { _extensions: extensions, _cache: cache } = inside;
  return Object.assign((id: string) => module.require(id) as unknown, { resolve, main: process.mainModule, extensions, cache });
}

function unchanged(file: string, loaded: Loaded | undefined): Loaded | undefined {
  const stat = loaded && statSync(file, { throwIfNoEntry: false });
  return stat?.size === loaded?.size && stat?.mtimeMs === loaded?.changed ? loaded : undefined;
}

/** Which Node.js runs, and what npm installed. */
function installed(): string {
  const lock = statSync(join(ROOT, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return [process.version, process.arch, v8.cachedDataVersionTag(), lock?.size, lock?.mtimeMs, ROOT].join(' ');
}

function keptIn(path: string): Kept {
  const installation = installed();
  try {
    const kept = v8.deserialize(readFileSync(path)) as Kept;
    if (kept.installation === installation) return kept;
  } catch {
    // There is none, or it is truncated.
  }
  return { installation, modules: new Map(), found: new Map() };
}

async function write(path: string, kept: Kept): Promise<void> {
  const draft = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, v8.serialize(kept));
    await rename(draft, path);
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}
