/**
 * A faster start: modules that were loaded once are cached in one file, as source and as V8's compiled code, so thousands need not be found
 * and compiled again. Hides: the module loader of Node.js. Promises: a module outside of `node_modules` that changed on disk is reloaded,
 * and all are after a change of Node.js or by npm; without the file everything works as usual, only slower. Does not: cache ES modules,
 * JSON or native code.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';

type Loaded = Readonly<{ size: number; changed: number; source: string; code: Buffer }>;
type Kept = Readonly<{
  installation: string;
  modules: Map<string, Loaded>;
  /** By folder and request: the file that it resolves to. */
  found: Found;
}>;
type Found = Map<string, Map<string, string>>;
type Compile = (source: string, file: string, format?: string) => unknown;
type Inner = NodeModule & { _compile: Compile };
type Load = (id: string) => unknown;
/** The parts of the loader that are replaced while an app starts. */
type Inside = (new (file: string, parent: NodeModule) => Inner) & {
  _resolveFilename(request: string, parent: NodeModule | undefined, isMain: boolean, options?: object): string;
  _resolveLookupPaths(request: string, parent: NodeModule): string[] | null;
  _extensions: NodeJS.RequireExtensions & { '.js': (module: NodeModule, file: string) => void };
  _cache: NodeJS.Dict<NodeModule>;
  _load: unknown;
  _nodeModulePaths(folder: string): string[];
  wrap(source: string): string;
  prototype: Pick<Inner, '_compile' | 'require'>;
  /** From Node.js 22 on; it does the same, better. */
  enableCompileCache?: (folder: string) => unknown;
};

const inside = Module as unknown as Inside;
const ROOT = join(__dirname, '..', '..', '..', '..');
const PACKAGES = `${realFolder(join(ROOT, 'node_modules'))}${sep}`;
const FOLDER = join(ROOT, 'dist', '.modules');
const WRAPPED = inside.wrap('').indexOf('{') + 2;
/** Of the cache file. */
const FORMAT = 2;
/** Scripts whose code is collected before other work gets a turn. */
const AT_ONCE = 10;

/** Ends loading from the cache, and writes newly loaded modules to it; `pause: false` where no other work waits. */
type Keep = (options?: Readonly<{ pause: boolean }>) => Promise<void>;

/**
 * Loads from the cache from now on. Call what it returns when the app has started, or is done. A cache that cannot be written is ignored.
 */
export function loadQuickly(app: string, folder = FOLDER): Keep {
  // Newer Node.js has it; without it `pg` asks for `Response`, which loads the whole of fetch.
  globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node.split('.')[0]}` } as Navigator;
  if (inside.enableCompileCache) {
    inside.enableCompileCache(folder);
    return async () => undefined;
  }
  const path = join(folder, `${app}.bin`);
  const kept = keptIn(path);
  const scripts = new Map<string, Readonly<{ script: vm.Script; source: string }>>();
  const found: Found = new Map();
  const looked = new Map<string, Loaded | undefined>();
  const known = (file: string): Loaded | undefined => {
    if (!looked.has(file)) looked.set(file, unchanged(file, kept.modules.get(file)));
    return looked.get(file);
  };

  const { _resolveFilename: resolve, _load: loadAny } = inside;
  const load = inside._extensions['.js'];
  const { _compile: compile, require: requireAny } = inside.prototype;
  let active = true;
  /** Another hook of the loader, as of tracing, must see every request. */
  const alone = () => active && inside.prototype.require === requireAny && inside._load === loadAny;
  /** A request that was resolved before, without the steps of Node.js's loader. Undefined if that has to do it. */
  const quick = (module: Inner, id: string): { exports: unknown } | undefined => {
    const file = alone() ? kept.found.get(module.path)?.get(id) : undefined;
    if (file === undefined) return undefined;
    const before = inside._cache[file];
    if (before) {
      if (!before.loaded) return undefined;
      if (!module.children.includes(before)) module.children.push(before);
      return before;
    }
    const loaded = file.endsWith('.js') ? known(file) : undefined;
    return loaded && begin(new inside(file, module), file, loaded.source);
  };
  inside._resolveFilename = (request, parent, isMain, options) => {
    const place = options ? undefined : parent?.path;
    const before = place === undefined ? undefined : kept.found.get(place)?.get(request);
    if (before !== undefined && known(before)) return before;
    const file = resolve.call(inside, request, parent, isMain, options);
    if (place !== undefined && file !== request) note(found, place, request, file);
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
    return run.call(this.exports, this.exports, requireOf(this, quick), this, file, dirname(file));
  };

  return async ({ pause } = { pause: true }) => {
    active = false;
    inside._resolveFilename = resolve;
    inside._extensions['.js'] = load;
    inside.prototype._compile = compile;
    if (scripts.size === 0) return;
    const modules = new Map([...kept.modules].filter(([file]) => known(file)));
    let gathered = 0;
    for (const [file, { script, source }] of scripts) {
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat) modules.set(file, { size: stat.size, changed: stat.mtimeMs, source, code: script.createCachedData() });
      if ((gathered += 1) % AT_ONCE === 0 && pause) await sleep(10, undefined, { ref: false });
    }
    for (const [place, requests] of kept.found) for (const [request, file] of requests) note(found, place, request, file, false);
    await write(path, { installation: kept.installation, modules, found });
  };
}

function note(found: Found, place: string, request: string, file: string, newer = true): void {
  const requests = found.get(place) ?? new Map<string, string>();
  if (newer || !requests.has(request)) requests.set(request, file);
  found.set(place, requests);
}

/** Loads a module as Node.js does: it is in the cache while it loads, and only stays there if it does not throw. */
function begin(module: Inner, file: string, source: string): Inner {
  module.filename = file;
  module.paths = inside._nodeModulePaths(module.path);
  inside._cache[file] = module;
  try {
    module._compile(source, file);
    module.loaded = true;
  } finally {
    if (!module.loaded) {
      delete inside._cache[file];
      const siblings = module.parent?.children ?? [];
      if (siblings.includes(module)) siblings.splice(siblings.indexOf(module), 1);
    }
  }
  return module;
}

/** Undefined for modules that only the loader of Node.js can handle. Code from the cache cannot use `import()`. */
function scriptOf(source: string, filename: string, cachedData: Buffer | undefined): vm.Script | undefined {
  if (!cachedData && /\bimport\s*\(/.test(source)) return undefined;
  try {
    return new vm.Script(inside.wrap(source), { filename, columnOffset: -WRAPPED, ...(cachedData ? { cachedData } : {}) });
  } catch {
    return undefined;
  }
}

function requireOf(module: Inner, quick: (module: Inner, id: string) => { exports: unknown } | undefined): NodeJS.Require {
  const resolve = Object.assign((id: string, options?: object) => inside._resolveFilename(id, module, false, options), {
    paths: (id: string) => inside._resolveLookupPaths(id, module),
  });
  const { _extensions: extensions, _cache: cache } = inside;
  const load: Load = (id) => {
    const loaded = quick(module, id);
    return loaded ? loaded.exports : (module.require(id) as unknown);
  };
  return Object.assign(load, { resolve, main: process.mainModule, extensions, cache });
}

/** Packages change only by npm, which changes `installation`. */
function unchanged(file: string, loaded: Loaded | undefined): Loaded | undefined {
  if (file.startsWith(PACKAGES)) return loaded;
  const stat = loaded && statSync(file, { throwIfNoEntry: false });
  return stat?.size === loaded?.size && stat?.mtimeMs === loaded?.changed ? loaded : undefined;
}

function realFolder(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : folder;
}

/** Which Node.js runs, and what npm installed. */
function installed(): string {
  const lock = statSync(join(ROOT, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return [FORMAT, process.version, process.arch, v8.cachedDataVersionTag(), lock?.size, lock?.mtimeMs, ROOT].join(' ');
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
