/** What the console knows of the api, from docs/generated/openapi.json: types of every operation, and the roles that may call it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the types and the roles, unless they were made from the same document. */
export async function generateClient(documentPath, directory) {
  const text = readFileSync(documentPath, 'utf8');
  const stamp = `// ${createHash('sha256')
    .update(text)
    .update(readFileSync(new URL(import.meta.url)))
    .digest('hex')}\n`;
  const [types, roles] = ['api.d.ts', 'roles.ts'].map((name) => join(directory, name));
  if ([types, roles].every((path) => existsSync(path) && readFileSync(path, 'utf8').startsWith(stamp))) return;
  const document = JSON.parse(text);
  const rolesOf = {};
  const waiting = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    // The same rows as without .csv.
    if (path.endsWith('.csv')) delete document.paths[path];
    else
      for (const [method, { 'x-roles': roles, parameters = [] }] of Object.entries(methods)) {
        if (roles) rolesOf[`${method} ${path}`] = roles;
        if (parameters.some(({ name }) => name === 'waitFor')) waiting.push(path);
      }
  }
  const { default: openapiTypes, astToString } = await import('openapi-typescript');
  mkdirSync(directory, { recursive: true });
  writeFileSync(types, stamp + astToString(await openapiTypes(document)));
  const described = [
    '/** The roles that may call each operation. */',
    `export const ROLES_OF = ${JSON.stringify(rolesOf, null, 1)} as const;`,
    '/** Paths that can wait for the token of a receipt. */',
    `export const WAITING: ReadonlySet<string> = new Set(${JSON.stringify(waiting)});`,
  ];
  writeFileSync(roles, `${stamp}${described.join('\n')}\n`);
}
