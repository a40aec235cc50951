/**
 * The campaign's client. Keeps a ledger: for each command id, what was sent and every answer from either api. A command without a definite
 * answer is sent again with its id to the other api; some answered ones are repeated, too, and some ids are sent with other content.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { sleep } from '../parts.mjs';
import { beginnings, Commands } from './commands.mjs';

const PATIENCE = 15_000;

export class Client {
  /** By command id: { path, stream, body, answers, unknown, foreign }. */
  ledger = new Map();
  /** Reads that were stale without saying so. */
  staleReads = [];
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64, timeout: 60_000 });
  #loops = [];
  #running = false;
  #order = [];

  constructor({ random, urls, token, parallel = 12 }) {
    Object.assign(this, { random, urls, token, parallel });
    this.commands = new Commands(random);
  }

  get counts() {
    const entries = [...this.ledger.values()];
    const definite = entries.filter(({ answers }) => answers.length > 0);
    return {
      commands: entries.length,
      acked: definite.filter(({ answers }) => answers[0].status < 300).length,
      refused: definite.filter(({ answers }) => answers[0].status >= 400).length,
      repeated: entries.filter(({ answers }) => answers.length > 1).length,
      unanswered: entries.length - definite.length,
    };
  }

  /** The store was restored from a backup: only answers about these ids are still valid; commands in flight may be in it. */
  forgetAfter(ids) {
    const kept = new Set(ids);
    for (const [id, entry] of this.ledger) if (!kept.has(id)) Object.assign(entry, { answers: [], foreign: [] });
    this.#order = this.#order.filter(({ id }) => kept.has(id));
  }

  async begin() {
    for (const each of beginnings()) await this.#carryOut(this.#enter(each), true);
  }

  start() {
    this.#running = true;
    this.#loops = [...Array(this.parallel).keys()].map(() => this.#loop());
  }

  /** Waits until each command has its answer, up to a time limit. */
  async stop(patience = 60_000) {
    this.#running = false;
    this.#giveUpAt = Date.now() + patience;
    await Promise.all(this.#loops);
  }
  #giveUpAt = Infinity;

  async load(ms, during) {
    this.#giveUpAt = Infinity;
    this.start();
    try {
      if (during) await during();
      else await sleep(ms);
    } finally {
      await this.stop();
    }
  }

  async #loop() {
    while (this.#running) {
      const share = this.random();
      const known = this.#order[this.#order.length - 1 - Math.floor(this.random() ** 3 * this.#order.length)];
      if (known && share < 0.08) await this.#carryOut(known, true);
      else if (known?.answers.length > 0 && share < 0.12) await this.#misuse(known);
      else {
        const entry = this.#enter(this.commands.next());
        // Sometimes both apis get the same command at once, as when a terminal retries too soon.
        if (share > 0.95) await Promise.all([this.#carryOut(entry, true, 0), this.#carryOut(entry, true, 1)]);
        else await this.#carryOut(entry, true);
        if (share < 0.25) await this.#look(entry);
      }
    }
  }

  #enter(command) {
    const entry = { id: randomUUID(), ...command, answers: [], unknown: 0, foreign: [] };
    this.ledger.set(entry.id, entry);
    this.#order.push(entry);
    return entry;
  }

  /** Sends a command until there is a definite answer. */
  async #carryOut(entry, again, first = Math.floor(this.random() * this.urls.length)) {
    for (let attempt = 0; ; attempt++) {
      const api = (first + attempt) % this.urls.length;
      const answer = await this.post(this.urls[api], entry.path, { ...entry.body, commandId: entry.id });
      if (definite(answer)) {
        entry.answers.push({ api, ...answer });
        return;
      }
      entry.unknown++;
      if (!again || Date.now() > this.#giveUpAt) return;
      await sleep(50 + Math.min(500, 50 * attempt));
    }
  }

  /** The same id for something else: must be refused, and must do nothing. */
  async #misuse(entry) {
    const other = this.commands.altered(entry);
    const api = Math.floor(this.random() * this.urls.length);
    const answer = await this.post(this.urls[api], entry.path, { ...other.body, commandId: entry.id });
    if (definite(answer)) entry.foreign.push({ api, ...answer });
  }

  /** A read that waits for a command shows it, or says that it is behind. */
  async #look(entry) {
    const receipt = entry.answers.find(({ status }) => status < 300)?.body;
    const [, category, id] = /^(equipment|material-lot|work-order)-(.*)$/.exec(entry.stream) ?? [];
    if (!receipt || !category) return;
    const url = this.urls[Math.floor(this.random() * this.urls.length)];
    const { status, body, behind } = await this.request(url, 'GET', `${category}/${id}?waitFor=${receipt.token}`);
    if (status !== 200 || behind) return;
    const seen = body?.item?.revision ?? body?.revision;
    if (seen === undefined || BigInt(seen) < BigInt(receipt.revision))
      this.staleReads.push(
        `${entry.stream} shows revision ${seen} at position ${body?.position} after ${receipt.changed ? '' : 'an unchanged '}${receipt.revision} with token ${receipt.token}, and does not say that it is behind`,
      );
  }

  post(url, path, body) {
    return this.request(url, 'POST', path, body);
  }

  /** { status, body }; status 0 if there was no answer. */
  request(url, method, path, body) {
    return new Promise((resolve) => {
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers = {
        authorization: `Bearer ${this.token}`,
        ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
      };
      const lost = (error) => resolve({ status: 0, error: error.code ?? error.message });
      const request = http.request(`${url}/${path}`, { method, headers, agent: this.#agent, timeout: PATIENCE }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (text += part));
        response.on('error', lost);
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode, behind: response.headers['x-behind'] === 'true', body: JSON.parse(text) });
          } catch {
            resolve({ status: response.statusCode, body: undefined });
          }
        });
        response.on('aborted', () => lost({ code: 'ABORTED' }));
      });
      request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'TIMEOUT' })));
      request.on('error', lost);
      request.end(payload);
    });
  }
}

/** Whether an answer tells the outcome of the command. */
export const definite = ({ status }) => status >= 200 && status < 500 && status !== 429 && status !== 408;
