/** Guards of fair shares, of logs and of what operators see; as in guards.mjs. */
export const mutants = [
  {
    without: 'what callers owe to other apis',
    file: 'libs/platform/http/rate-limit.js',
    from: 'Math.max(0, ms) + account.unsettled',
    to: 'account.unsettled',
    specs: 'platform/http/shared-limit.int-spec',
  },
  {
    without: 'the limit on the exports of one caller',
    file: 'libs/platform/queries/exports.js',
    from: 'own >= OF_CALLER',
    to: 'false',
    specs: 'platform/queries/lists.int-spec -t=slowly',
  },
  {
    without: 'the end of an export that is not read',
    file: 'libs/platform/queries/exports.js',
    from: "const end = () => rows.destroy(new Error('The export was read too slowly.'))",
    to: 'const end = () => undefined',
    specs: 'platform/queries/lists.int-spec -t=reader',
  },
  {
    without: 'the limit on the log lines of one caller',
    file: 'libs/platform/http/access-log.js',
    from: '!own.has(bytes) ||',
    to: '',
    specs: 'platform/http/access-log.spec',
  },
  {
    without: 'the separate files of denials',
    file: 'apps/standalone/log-file.js',
    from: 'DENIAL.test(line) ? this.denials : this.all',
    to: 'this.all',
    specs: 'standalone/test/log-file.spec',
  },
  {
    without: 'the memory limit of the embedded PostgreSQL',
    file: 'libs/platform/embedded/server-limits.js',
    from: 'ulimit -v ${MEMORY_BYTES / 1024} && exec',
    to: 'exec',
    specs: 'platform/embedded/embedded-postgres.int-spec -t=memory',
  },
  {
    without: 'the token for the metrics of the worker',
    file: 'libs/platform/runtime/health.js',
    from: '!metrics.open && !(0, metrics_1.mayScrape)(request.headers.authorization, metrics.token)',
    to: 'false',
    specs: 'platform/runtime/health.int-spec',
  },
  {
    without: 'the problem of a full disk',
    file: 'libs/platform/runtime/disk.js',
    from: "code === '53100' ||",
    to: '',
    specs: 'platform/runtime/disk.spec',
  },
];
