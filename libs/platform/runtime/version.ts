/**
 * The name and version of the application. Hides: that they come from package.json, the only place to change them. Promises: the same
 * name in logs, metrics, traces, queues, locks and databases. Does not: change while an app runs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const manifest = JSON.parse(readFileSync(join(__dirname, '..', '..', '..', '..', 'package.json'), 'utf8')) as {
  name: string;
  version: string;
};
export const APPLICATION = manifest.name;
/** Written into every event's metadata. */
export const APP_VERSION = `${manifest.name}@${manifest.version}`;

/** Issues the tokens of `npm start`, where no other issuer is set. */
export const DEVELOPMENT_ISSUER = `urn:${APPLICATION}:development`;

/** Of the names of all metrics, in all apps. */
export const METRIC_PREFIX = `${APPLICATION.replace(/\W/g, '_')}_`;
