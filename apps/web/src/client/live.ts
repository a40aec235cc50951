/**
 * Changes of rows as they happen. Hides: graphql-ws, its connection and how it comes back. Promises: one connection for all; after it was lost each
 * watcher is told once that something may have changed. Does not: carry the rows (query.ts reads the list again).
 */
import { createClient } from 'graphql-ws';
import { currentToken } from '../session/session';
import { Store } from '../session/store';
import type { GetPath } from './api';

/** The subscription that tells of changes in a list. Lists without one of their own follow the one whose events they show, too. */
const TOPICS: Partial<Record<GetPath, string>> = {
  '/customer-order-legs': 'customerOrderLegMoved',
  '/customer-orders': 'customerOrderMoved',
  '/customer-orders/{id}': 'customerOrderMoved',
  '/decision-queue': 'decisionMoved',
  '/decision-queue/{id}': 'decisionMoved',
  '/dispatch-list': 'dispatchEntryMoved',
  '/equipment': 'equipmentMoved',
  '/equipment/{id}': 'equipmentMoved',
  '/equipment-assignments': 'equipmentMoved',
  '/equipment-stops': 'equipmentMoved',
  '/equipment-timeline': 'equipmentMoved',
  '/facility': 'facilityElementMoved',
  '/material-lot': 'lotMoved',
  '/material-lot/{id}': 'lotMoved',
  '/order-board': 'orderBoardMoved',
  '/order-board/{id}': 'orderBoardMoved',
  '/production-report': 'workOrderMoved',
  '/work-order': 'workOrderMoved',
  '/work-order/{id}': 'workOrderMoved',
};

/** Whether changes of a list are told; others are asked for from time to time. */
export const isFollowed = (path: GetPath): boolean => path in TOPICS;

export const isLive = new Store(false);

type Watcher = (position?: string) => void;
const watchers = new Map<string, { told: Set<Watcher>; end: () => void }>();

const client = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  connectionParams: () => ({ authorization: `Bearer ${currentToken() ?? ''}` }),
  retryAttempts: Number.MAX_SAFE_INTEGER,
  shouldRetry: () => currentToken() !== undefined,
  retryWait: (attempt) => new Promise((resolve) => setTimeout(resolve, Math.min(250 * 2 ** attempt, 5_000) * (0.5 + Math.random()))),
  keepAlive: 10_000,
  on: {
    connected: (_socket, _payload, wasRetry) => {
      isLive.set(true);
      if (wasRetry) for (const { told } of watchers.values()) for (const watcher of told) watcher();
    },
    closed: () => isLive.set(false),
  },
});

function begin(topic: string): { told: Set<Watcher>; end: () => void } {
  const told = new Set<Watcher>();
  let ended = false;
  let stop: () => void = () => undefined;
  const subscribe = () => {
    if (ended) return;
    // A subscription that fell behind ends; it begins again, and the list is read once.
    const again = () => void setTimeout(subscribe, 2_000);
    stop = client.subscribe<Record<string, { position: string }>>(
      { query: `subscription { ${topic} { position } }` },
      {
        next: ({ data }) => {
          for (const watcher of told) watcher(data?.[topic]?.position);
        },
        error: again,
        complete: again,
      },
    );
  };
  subscribe();
  return { told, end: () => ((ended = true), stop()) };
}

/** Tells of each change in a list, with its position in the log. @returns how to stop that */
export function watch(path: GetPath, watcher: Watcher): () => void {
  const topic = TOPICS[path];
  if (!topic) return () => undefined;
  const known = watchers.get(topic) ?? begin(topic);
  watchers.set(topic, known);
  known.told.add(watcher);
  return () => {
    known.told.delete(watcher);
    // A page that follows uses the same topic, as a rule.
    setTimeout(() => {
      if (known.told.size > 0 || watchers.get(topic) !== known) return;
      watchers.delete(topic);
      known.end();
    }, 1_000);
  };
}
