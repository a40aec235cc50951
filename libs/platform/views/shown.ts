/**
 * What is read of a view: `<name>` by the application, `analytics.<name>` by analysts. Hides: SQL views and grants. Promises: an analyst's account
 * sees the rows of its scopes and no others, whatever functions its queries call; views of the audit need the auditors' group; a row that may be
 * behind, because an event about it is parked, says so; each view and column says what it means, in a comment made from the JSDoc of its row. Does
 * not: create accounts (analyst-role.ts).
 */
import { createHash } from 'node:crypto';
import { TypeMetadataStorage } from '@nestjs/graphql';
import { escapeLiteral, type ClientBase } from 'pg';
import { APPLICATION } from '#platform/runtime/version';
import { derivedFrom, showDerived, wordFor } from './derived';
import { isForAuditors, scopeColumnOf } from './scope';
import { quoted, viewSql, type AnyView, type Shape } from './shape';

/** Groups without a login. Every analyst is in the first, an auditor in both. */
export const ANALYSTS = `${APPLICATION}_analysts`;
export const AUDITORS = `${APPLICATION}_auditors`;
/** The role of the worker, where each app has its own (database-roles.ts). */
export const WORKER_ROLE = `${APPLICATION}_worker`;
/** Bound to the name of the login, which `SET ROLE` does not change. */
const READER = 'FROM view_readers WHERE account = session_user::text';
/**
 * Keeps an analyst's conditions above those of the view. The barrier alone lets conditions pass that cannot fail, and these tell of foreign rows: by
 * the counts of EXPLAIN ANALYZE, by which of several conditions is evaluated, by its index.
 */
const FENCE = 'OFFSET 0';
const BEHIND = `True if an event about this row is parked, so that the row does not show it yet. If a parked event cannot be read, it may be about any row: then all are.`;

const snake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/** Every statement that shows a table under the view's name. */
function statements(view: AnyView, shape: Shape, table: string): { application: string; analysts: string; comments: string[] } {
  const name = viewSql(view.name);
  const parked = `FROM view_parked p WHERE p.table_name = ${escapeLiteral(table)}`;
  const columns = shape.columns.map((column) => `r.${quoted(column.name)} AS ${quoted(snake(column.name))}`).join(', ');
  const behind = `EXISTS (SELECT ${parked} AND p.keys IS NULL)
     OR r.${quoted(shape.columns[shape.key]!.name)}::text IN (SELECT unnest(p.keys) ${parked} AND p.keys IS NOT NULL)`;
  const described = describe(view);
  const about = shape.comment ?? TypeMetadataStorage.getObjectTypesMetadata().find(({ target }) => target === view.row)?.description;
  const comments = about ? [`COMMENT ON VIEW analytics.${quoted(name)} IS ${escapeLiteral(about)}`] : [];
  const comment = (column: string, text: string | undefined) => {
    if (text) comments.push(`COMMENT ON COLUMN analytics.${quoted(name)}.${quoted(column)} IS ${escapeLiteral(text)}`);
  };
  for (const column of shape.columns)
    comment(snake(column.name), column.comment ?? described[column.name]?.description ?? wordFor(column.name));
  comment('behind', BEHIND);
  return {
    application: `VIEW ${quoted(name)} AS SELECT ${shape.columns.map((column) => quoted(column.name)).join(', ')} FROM ${quoted(table)}`,
    analysts: `VIEW analytics.${quoted(name)} WITH (security_barrier) AS SELECT ${columns}, ${behind} AS behind FROM ${quoted(table)} r
     WHERE (SELECT '*' = ANY (scopes) ${READER}) OR r.${quoted(scopeColumnOf(view.row))} = ANY ((SELECT scopes ${READER})::text[]) ${FENCE}`,
    comments,
  };
}

/** Sessions of analysts read a view that is to be shown anew: it is to be tried again. */
export class HeldByAnalysts extends Error {
  constructor(view: AnyView, accounts: string) {
    super(`view ${view.name}: it can be shown anew once the transactions of ${accounts || 'some analysts'} end`);
  }
}

/**
 * Locks what analysts see of a view until the end of the transaction: the application, which would wait behind whoever waits for an analyst, is not
 * touched before. The rest of the transaction waits for no lock longer than that.
 * @throws HeldByAnalysts
 */
export async function lockForAnalysts(client: ClientBase, view: AnyView): Promise<void> {
  const name = viewSql(view.name);
  await client.query(`SAVEPOINT unlocked; SET LOCAL lock_timeout = '500ms'`);
  // As an analyst's query does: first what is derived. LOCK would reach the tables below, this changes nothing and does not.
  for (const each of [...derivedFrom(name).map((derived) => derived.name), name])
    await client.query(`ALTER VIEW IF EXISTS analytics.${quoted(each)} SET (security_barrier)`).catch(async (error: { code?: string }) => {
      if (error.code !== '55P03') throw error;
      await client.query('ROLLBACK TO unlocked');
      const { rows } = await client.query<{ accounts: string }>(
        `SELECT string_agg(DISTINCT usename, ', ') AS accounts FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE granted AND relation = to_regclass($1)`,
        [`analytics.${quoted(each)}`],
      );
      throw new HeldByAnalysts(view, rows[0]!.accounts);
    });
}

/** Points both names at the table, and lets the analysts read it. @throws HeldByAnalysts */
export async function show(client: ClientBase, view: AnyView, shape: Shape, table: string): Promise<void> {
  await lockForAnalysts(client, view);
  const { application, analysts, comments } = statements(view, shape, table);
  for (const select of [analysts, application]) {
    await client.query('SAVEPOINT point');
    await client.query(`CREATE OR REPLACE ${select}`).catch(async (error: { code?: string }) => {
      // REPLACE cannot change a column's type or place; within the transaction nobody sees the gap.
      if (error.code !== '42P16') throw error;
      await client.query(`ROLLBACK TO point; DROP ${/^VIEW \S+/.exec(select)![0]} CASCADE; CREATE ${select}`);
    });
  }
  for (const comment of comments) await client.query(comment);
  await showDerived(client, viewSql(view.name));
  await letRead(client, view);
  await client.query('UPDATE view_tables SET shown = $2 WHERE table_name = $1', [table, markOf(view, shape, table)]);
}

/** Shows a live table again if an older release showed it otherwise. Otherwise it takes no lock: a long query of an analyst would hold it up. */
export async function showIfChanged(client: ClientBase, view: AnyView, shape: Shape, table: string): Promise<void> {
  const { rows } = await client.query('SELECT shown FROM view_tables WHERE table_name = $1', [table]);
  if (rows[0]?.shown !== markOf(view, shape, table)) await show(client, view, shape, table);
}

const markOf = (view: AnyView, shape: Shape, table: string): string =>
  createHash('sha256')
    .update(JSON.stringify([statements(view, shape, table), derivedFrom(viewSql(view.name))]))
    .digest('hex');

/** Grants `analytics.<name>`, and what is derived from it, to the group that may read it, if they exist already, and to nobody else. */
export async function letRead(client: ClientBase, view: AnyView): Promise<void> {
  const [own, other] = isForAuditors(view.row) ? [AUDITORS, ANALYSTS] : [ANALYSTS, AUDITORS];
  const name = viewSql(view.name);
  for (const each of [name, ...derivedFrom(name).map((derived) => derived.name)]) {
    const shown = `analytics.${quoted(each)}`;
    const { rows } = await client.query('SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND to_regclass($2) IS NOT NULL', [
      [own, other],
      shown,
    ]);
    for (const { rolname } of rows as { rolname: string }[])
      await client.query(rolname === own ? `GRANT SELECT ON ${shown} TO ${quoted(own)}` : `REVOKE ALL ON ${shown} FROM ${quoted(other)}`);
  }
}

/** The JSDoc of the row's fields, as the Nest compiler plugin keeps it for OpenAPI. */
const describe = (view: AnyView): Record<string, { description?: string }> =>
  (view.row as { _OPENAPI_METADATA_FACTORY?: () => Record<string, { description?: string }> })._OPENAPI_METADATA_FACTORY?.() ?? {};
