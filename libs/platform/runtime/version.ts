/** The version of this application, as written into every event's metadata. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const manifest = JSON.parse(readFileSync(join(__dirname, '..', '..', '..', '..', 'package.json'), 'utf8')) as {
  name: string;
  version: string;
};
export const APP_VERSION = `${manifest.name}@${manifest.version}`;
