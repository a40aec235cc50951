/**
 * SQL views for analysts that are made from read models, and words for columns whose meaning is the same everywhere. Hides: when they can be created,
 * and must be again. Promises: a derived view is there as soon as all that it reads is, also after one of these was replaced; it shows an analyst no
 * row that the read models would not. Does not: know what they say: each declares itself when it is loaded.
 */
import { escapeLiteral, type ClientBase } from 'pg';
import { quoted } from './shape';

/** Of the schema `analytics`, made only from views of that schema. */
export type DerivedView = Readonly<{
  name: string;
  about: string;
  /** Each column, in order, and what it says. */
  columns: Readonly<Record<string, string>>;
  /** The views that it reads, as in SQL. */
  reads: readonly string[];
  select: string;
}>;

const derived: DerivedView[] = [];
const words = new Map<string, string>();

/** Declares derived views. */
export const declareDerived = (...views: readonly DerivedView[]): void => void derived.push(...views);
/** Declares what columns of that name say where their row does not say it itself. */
export const declareWords = (meanings: Readonly<Record<string, string>>): void =>
  Object.entries(meanings).forEach(([name, meaning]) => words.set(name, meaning));

export const wordFor = (column: string): string | undefined => words.get(column);
/** The derived views that read a view. */
export const derivedFrom = (name: string): readonly DerivedView[] => derived.filter(({ reads }) => reads.includes(name));

/** Creates the derived views that read this one, if all that they read is there. */
export async function showDerived(client: ClientBase, name: string): Promise<void> {
  for (const view of derivedFrom(name)) {
    const { rows } = await client.query(
      `SELECT bool_and(to_regclass('analytics.' || quote_ident(n)) IS NOT NULL) AS whole, current_setting('search_path') AS path FROM unnest($1::text[]) n`,
      [view.reads],
    );
    const [{ whole, path }] = rows as [{ whole: boolean; path: string }];
    if (!whole) continue;
    const own = `analytics.${quoted(view.name)}`;
    const columns = Object.keys(view.columns).map(quoted).join(', ');
    await client.query(`DROP VIEW IF EXISTS ${own}`);
    await client.query(`SELECT set_config('search_path', 'analytics', true)`);
    await client.query(`CREATE VIEW ${own} (${columns}) WITH (security_barrier) AS ${view.select}`);
    await client.query(`SELECT set_config('search_path', $1, true)`, [path]);
    await client.query(`COMMENT ON VIEW ${own} IS ${escapeLiteral(view.about)}`);
    for (const [column, meaning] of Object.entries(view.columns))
      await client.query(`COMMENT ON COLUMN ${own}.${quoted(column)} IS ${escapeLiteral(meaning)}`);
  }
}
