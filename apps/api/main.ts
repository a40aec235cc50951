import { runApp } from '#platform/runtime/run-app';

void runApp('api', async (config, log) => {
  // Loaded here, so that tracing is in place before.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { startApi } = require('./api') as typeof import('./api');
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { refuseOldPostgres } = require('#platform/runtime/database') as typeof import('#platform/runtime/database');
  const [{ url, stop }] = await Promise.all([startApi(config, log), refuseOldPostgres('api', config.DATABASE_URL!)]);
  log.info(`listening at ${url}`);
  return { stop };
});
