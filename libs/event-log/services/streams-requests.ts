/**
 * Hides: the requests of event_store.client.streams, field by field. Promises: the decoded request, or a fault that names what is wrong
 * with it. Does not: decide anything.
 */
import type { NewEvent } from '../log/frame';
import type { ExpectedRevision } from '../log/appends';
import { uuidBytes } from '../bytes/uuid';
import { WireReader } from '../bytes/protobuf';

export type Expression = { regex: string; prefixes: string[] };
export type Filter = { on: 'stream' | 'type'; expression: Expression; window?: number; checkpointMultiplier: number };
/** `start`, `end`, or an exact position. */
export type From = 'start' | 'end' | bigint;
export type ReadRequest = {
  /** Absent: `$all`. */
  stream?: Buffer;
  target: 'none' | 'stream' | 'all';
  from: From;
  prepare?: bigint;
  backwards: boolean;
  resolveLinks: boolean;
  count?: bigint;
  subscription: boolean;
  filter?: Filter;
  structuredIds: boolean;
  compatibility: number;
};

function streamName(reader: WireReader): Buffer {
  let name: Buffer = Buffer.alloc(0);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 26) name = reader.bytes();
    else reader.skip(tag);
  }
  return name;
}

function position(reader: WireReader): { commit: bigint; prepare: bigint } {
  const found = { commit: 0n, prepare: 0n };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 8) found.commit = reader.uint64();
    else if (tag === 16) found.prepare = reader.uint64();
    else reader.skip(tag);
  }
  return found;
}

function readUuid(reader: WireReader): Buffer | undefined {
  let id: Buffer | undefined;
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 18) id = uuidBytes(reader.text());
    else if (tag === 10) {
      const halves = position(reader.message());
      id = Buffer.alloc(16);
      id.writeBigUInt64BE(halves.commit, 0);
      id.writeBigUInt64BE(halves.prepare, 8);
    } else reader.skip(tag);
  }
  return id;
}

/** Decodes FilterOptions, which catch-up reads and persistent subscriptions to $all share. */
function readFilter(reader: WireReader): Filter {
  const filter: Filter = { on: 'stream', expression: { regex: '', prefixes: [] }, checkpointMultiplier: 1 };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10 || tag === 18) {
      filter.on = tag === 10 ? 'stream' : 'type';
      filter.expression = readExpression(reader.message());
    } else if (tag === 24) filter.window = reader.uint();
    else if (tag === 40) filter.checkpointMultiplier = reader.uint();
    else reader.skip(tag);
  }
  return filter;
}

function readExpression(reader: WireReader): Expression {
  const expression: Expression = { regex: '', prefixes: [] };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) expression.regex = reader.text();
    else if (tag === 18) expression.prefixes.push(reader.text());
    else reader.skip(tag);
  }
  return expression;
}

export function readRequest(bytes: Buffer): ReadRequest {
  const request: ReadRequest = {
    target: 'none',
    from: 'start',
    backwards: false,
    resolveLinks: false,
    subscription: false,
    structuredIds: false,
    compatibility: 0,
  };
  const outer = new WireReader(bytes);
  for (let tag = outer.tag(); tag; tag = outer.tag()) {
    if (tag === 10) readOptions(outer.message(), request);
    else outer.skip(tag);
  }
  return request;
}

function readOptions(reader: WireReader, request: ReadRequest): void {
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) readStreamOptions(reader.message(), request);
    else if (tag === 18) readAllOptions(reader.message(), request);
    else if (tag === 24) request.backwards = reader.uint() === 1;
    else if (tag === 32) request.resolveLinks = reader.bool();
    else if (tag === 40) request.count = reader.uint64();
    else if (tag === 50) {
      reader.bytes();
      request.subscription = true;
    } else if (tag === 58) request.filter = readFilter(reader.message());
    else if (tag === 74) request.structuredIds = new WireReader(reader.bytes()).tag() === 10;
    else if (tag === 82) {
      const control = reader.message();
      for (let inner = control.tag(); inner; inner = control.tag()) {
        if (inner === 8) request.compatibility = control.uint();
        else control.skip(inner);
      }
    } else reader.skip(tag);
  }
}

function readStreamOptions(reader: WireReader, request: ReadRequest): void {
  request.target = 'stream';
  request.stream = Buffer.alloc(0);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) request.stream = streamName(reader.message());
    else if (tag === 16) request.from = reader.uint64();
    else if (tag === 26 || tag === 34) {
      reader.bytes();
      request.from = tag === 26 ? 'start' : 'end';
    } else reader.skip(tag);
  }
}

function readAllOptions(reader: WireReader, request: ReadRequest): void {
  request.target = 'all';
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) {
      const { commit, prepare } = position(reader.message());
      request.from = commit;
      request.prepare = prepare;
    } else if (tag === 18 || tag === 26) {
      reader.bytes();
      request.from = tag === 18 ? 'start' : 'end';
    } else reader.skip(tag);
  }
}

/** An event to append; `missing` names the metadata keys that the client left out. */
export type Proposed = { event?: NewEvent; missing?: string; badId?: boolean };

function readProposed(reader: WireReader): Proposed {
  let id: Buffer | undefined;
  let type: string | undefined;
  let content: string | undefined;
  let metadata: Buffer = Buffer.alloc(0);
  let data: Buffer = Buffer.alloc(0);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) id = readUuid(reader.message());
    else if (tag === 18) {
      const entry = reader.message();
      let key = '';
      let value = '';
      for (let inner = entry.tag(); inner; inner = entry.tag()) {
        if (inner === 10) key = entry.text();
        else if (inner === 18) value = entry.text();
        else entry.skip(inner);
      }
      if (key === 'type') type = value;
      else if (key === 'content-type') content = value;
    } else if (tag === 26) metadata = reader.bytes();
    else if (tag === 34) data = reader.bytes();
    else reader.skip(tag);
  }
  if (type === undefined || type === '') return { missing: 'type' };
  if (content === undefined || content === '') return { missing: 'content-type' };
  if (!id) return { badId: true };
  return { event: { id, type, json: content === 'application/json', data, metadata } };
}

/** Stream and expected revision, shared by AppendReq, DeleteReq and TombstoneReq. */
export type Target = { stream: Buffer; expected: ExpectedRevision };
export type AppendRequest = { target?: Target; proposed?: Proposed };

const words: Record<number, ExpectedRevision> = { 26: 'no_stream', 34: 'any', 42: 'stream_exists' };

function readTarget(reader: WireReader): Target {
  const target: Target = { stream: Buffer.alloc(0), expected: 0n };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    const word = words[tag];
    if (tag === 10) target.stream = streamName(reader.message());
    else if (tag === 16) target.expected = reader.uint64();
    else if (word) {
      reader.bytes();
      target.expected = word;
    } else reader.skip(tag);
  }
  return target;
}

export function readAppendRequest(bytes: Buffer): AppendRequest {
  const request: AppendRequest = {};
  const reader = new WireReader(bytes);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) request.target = readTarget(reader.message());
    else if (tag === 18) request.proposed = readProposed(reader.message());
    else reader.skip(tag);
  }
  return request;
}

/** DeleteReq and TombstoneReq. */
export function readDeleteRequest(bytes: Buffer): Target {
  return readAppendRequest(bytes).target ?? { stream: Buffer.alloc(0), expected: 'any' };
}

export type BatchRequest = {
  correlation: Buffer;
  target?: Target;
  /** Milliseconds since 1970 (client version 6) or from now (a duration). */
  deadlineMs?: number;
  proposed: Proposed[];
  final: boolean;
};

export function readBatchRequest(bytes: Buffer): BatchRequest {
  const request: BatchRequest = { correlation: Buffer.alloc(0), proposed: [], final: false };
  const reader = new WireReader(bytes);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) request.correlation = reader.bytes();
    else if (tag === 18) {
      const options = reader.bytes();
      request.target = readTarget(new WireReader(options));
      request.deadlineMs = readDeadline(new WireReader(options));
    } else if (tag === 26) request.proposed.push(readProposed(reader.message()));
    else if (tag === 32) request.final = reader.bool();
    else reader.skip(tag);
  }
  return request;
}

/** Field 6 is an absolute time, field 7 a duration; both hold seconds and nanoseconds. */
function readDeadline(reader: WireReader): number | undefined {
  let deadline: number | undefined;
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag !== 50 && tag !== 58) {
      reader.skip(tag);
      continue;
    }
    const { commit: seconds, prepare: nanos } = position(reader.message());
    const ms = Number(BigInt.asIntN(64, seconds)) * 1000 + Number(BigInt.asIntN(64, nanos)) / 1e6;
    deadline = tag === 50 ? ms : Date.now() + ms;
  }
  return deadline;
}
