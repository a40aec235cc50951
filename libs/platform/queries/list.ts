/**
 * Reads of a view, declared in a few lines. Hides: paging, filters, sorting, scope, freshness, CSV and Parquet behind one declaration. Promises: REST
 * and GraphQL offer the same list; only the caller's facilities are seen, in every row and count; an id outside them looks like one that does
 * not exist; each answer says which position it reflects. Does not: join views: such queries are written by hand (reads.ts).
 *
 *   export const equipmentNow = listOf(EquipmentNow, {
 *     path: 'equipment',                       // GET /equipment, /equipment.csv, /equipment.parquet, /equipment/:id
 *     one: 'equipment', many: 'equipmentNow',  // query { equipment(id:) equipmentNow(filter:, sort:, first:, after:, waitFor:) }
 *     roles: ['operator', 'supervisor'],
 *     filters: { state: 'equals', since: 'range', tags: 'has' },
 *     sorts: ['name', 'since'],                // each with an index; the key settles ties. The first is the usual order.
 *     moved: 'equipmentMoved',                 // subscription { equipmentMoved(ids:, <scope>:) { id row { … } position } }
 *     about: 'Machines as the shop floor sees them now.',
 *   });
 *
 * and in the module `controllers: [equipmentNow.controller], providers: [equipmentNow.resolver]`. The row class is declared with the cells
 * of cells.ts and its @Entity has the view's name. A `revision` cell (of the stream's last business event) makes the ETag that If-Match takes.
 */
import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage } from 'typeorm';
import { cellsOf } from '#platform/views/cells';
import { resolverOf } from './list-graphql';
import { Reader, type ListOptions } from './list-reader';
import { ListRequests, type FilterKind } from './list-request';
import { controllerOf } from './list-rest';

export type List<Row extends object> = Readonly<{
  row: new () => Row;
  view: string;
  requests: ListRequests;
  options: ListOptions<Row>;
  controller: Type<object>;
  resolver: Type<object>;
}>;

/** The view of a row class: its @Entity has the view's name in snake_case. */
function tableOf(row: new () => object): string {
  const name = getMetadataArgsStorage().tables.find(({ target }) => target === row)?.name;
  if (!name) throw new TypeError(`${row.name} needs @Entity('<name_of_its_view>')`);
  return name;
}

/** Declares the reads of a view. */
export function listOf<Row extends object>(row: new () => Row, options: ListOptions<Row>): List<Row> {
  const table = tableOf(row);
  const requests = new ListRequests({
    row,
    table,
    filters: (options.filters ?? {}) as Record<string, FilterKind>,
    lasting: options.lasting,
    sorts: options.sorts ?? [],
    sortedBy: options.sortedBy,
  });
  const view = table.replaceAll('_', '-');
  const reader = new Reader<Row>(view, requests);
  return { row, view, requests, options, controller: controllerOf(row, reader, options), resolver: resolverOf(row, reader, options) };
}

/** The names of a row's columns, for hand-written queries that return it. */
export const columnsOf = (row: new () => object): readonly string[] => cellsOf(row).map(({ name }) => name);
