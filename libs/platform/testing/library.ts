/**
 * A domain that is not a factory: a library that lends books. The complete slice: events, commands, decider, view, process. The starting
 * point for docs and newcomers; library.int-spec.ts runs it.
 */
import { InputType } from '@nestjs/graphql';
import { Entity } from 'typeorm';
import type { Decider, Message } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import type { Process } from '#kernel/process';
import { Rejected } from '#kernel/rejected';
import type { Provenance, View } from '#kernel/view';
import { Command } from '#platform/commands/command';
import { Id, Text } from '#platform/commands/fields';
import { Allow } from '#platform/security/access';
import { Cell, Key, ScopeCell } from '#platform/views/cells';

/** A reader took a book home. */
export type BookLent = Event<'BookLent', { bookId: string; reader: string }>;
/** A book came back. */
export type BookReturned = Event<'BookReturned', { bookId: string }>;
/** A reader was asked to bring a book back. */
export type ReaderReminded = Event<'ReaderReminded', { bookId: string; reader: string }>;
export type BookEvent = BookLent | BookReturned | ReaderReminded;

/** Lends a book to a reader. */
@InputType()
@Allow('librarian')
export class LendBook extends Command {
  @Id()
  readonly bookId: string;
  @Text(1, 100)
  readonly reader: string;
}

/** Takes a book back. */
@InputType()
@Allow('librarian', 'reader')
export class ReturnBook extends Command {
  @Id()
  readonly bookId: string;
}

/** Asks whoever has the book to bring it back. */
@InputType()
@Allow('librarian')
export class RemindReader extends Command {
  @Id()
  readonly bookId: string;
}
export const commands = { LendBook, ReturnBook, RemindReader };

type Book = Readonly<{ reader?: string }>;
export const book: Decider<typeof commands, Book, BookEvent> = {
  category: 'book',
  initial: {},
  id: ({ bookId }) => bookId,
  evolve: (state, event) => (event.type === 'BookLent' ? { reader: event.data.reader } : event.type === 'BookReturned' ? {} : state),
  decide: {
    LendBook: ({ bookId, reader }, state) => {
      if (state.reader === reader) return [];
      if (state.reader) throw new Rejected('book-lent', `${bookId} is lent to ${state.reader}. Take it back first.`);
      return [{ type: 'BookLent', data: { bookId, reader } }];
    },
    ReturnBook: ({ bookId }, state) => (state.reader ? [{ type: 'BookReturned', data: { bookId } }] : []),
    RemindReader: ({ bookId }, state) => (state.reader ? [{ type: 'ReaderReminded', data: { bookId, reader: state.reader } }] : []),
  },
};

/** Where each book is. */
@Entity('shelf')
export class Shelf {
  @Key()
  bookId: string;
  @ScopeCell()
  branch: string;
  @Cell('text', { optional: true })
  reader: string | null;
  @Cell('whole')
  loans: number;
  @Cell('position')
  position: bigint;
  @Cell('instant')
  recordedAt: string;
}

export const shelf: View<Shelf & Provenance, BookLent | BookReturned> = {
  name: 'shelf',
  version: 1,
  row: Shelf,
  events: ['BookLent', 'BookReturned'],
  keys: ({ data }) => [data.bookId],
  fold: (rows, { type, data, position, recordedAt }) => {
    const { bookId } = data;
    const before = rows.get(bookId) ?? { bookId, branch: scopeIn(bookId), loans: 0 };
    const change = type === 'BookLent' ? { reader: data.reader, loans: before.loans + 1 } : { reader: null };
    rows.put({ ...before, ...change, position, recordedAt });
  },
};

/** Reminds a reader who has a book for longer than `days`. */
export const whenBookLentRemind = (days: number): Process<{ bookId: string }, BookLent | BookReturned, Message<typeof commands>> => ({
  name: 'when-book-lent-remind',
  initial: { bookId: '' },
  events: ['BookLent', 'BookReturned'],
  correlate: ({ data }) => data.bookId,
  evolve: (state, { type, data }) => (type === 'BookLent' ? { bookId: data.bookId } : state),
  react: ({ bookId }, { type }, at) => {
    if (type === 'BookLent') return [{ remind: 'overdue', at: new Date(Date.parse(at) + days * 86_400_000).toISOString() }];
    if (type === 'BookReturned') return [{ forget: 'overdue' }];
    return type === 'TimerFired' ? [{ send: { type: 'RemindReader', data: { bookId } as RemindReader } }] : [];
  },
});
