/**
 * Checks inputs against their classes. Hides: class-validator. Promises: unknown fields are refused, null counts as absent, every fault is
 * named with its field. Does not: check business rules (the deciders do).
 */
import { Injectable, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { getMetadataStorage, type MetadataStorage } from 'class-validator';
import { invalidInput, type FieldFault } from '#platform/problem/problem';
import { knownGood } from './known-good';

/** class-validator's name for the fault of an unknown field. */
const UNKNOWN = 'whitelistValidation';
const MOST_CHARACTERS = 64;
const storage = getMetadataStorage();

const faultsOf = (errors: readonly ValidationError[], path = ''): FieldFault[] =>
  errors.flatMap(({ target, property, constraints = {}, children }) => {
    const field = (path + property).slice(0, MOST_CHARACTERS);
    const messages = UNKNOWN in constraints ? [`Unknown field \`${field}\`; known: ${fieldsOf(target!)}`] : Object.values(constraints);
    return [...messages.map((message) => ({ field, message })), ...faultsOf(children ?? [], `${field}.`)];
  });

/** The fields of an input's class. */
const fieldsOf = (input: object): string =>
  [...new Set(storage.getTargetValidationMetadatas(input.constructor, '', false, false).map(({ propertyName }) => propertyName))].join(
    ', ',
  );

@Injectable()
export class InputPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      validationError: { target: true, value: false },
      exceptionFactory: (errors) => invalidInput(faultsOf(errors.slice(0, 50)), 'fields'),
    });
  }

  /** The command of a class from a request body. @throws Problem 400 */
  read<T extends object>(body: unknown, type: new () => T): T | Promise<T> {
    return (knownGood(type, body) as T | undefined) ?? (this.transform(body, { type: 'body', metatype: type }) as Promise<T>);
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    return knownGood(metadata.metatype, value) ?? super.transform(withoutNulls(value), metadata);
  }
}

/** The same value if it holds no null, else a copy without nulls. */
function withoutNulls(value: unknown): unknown {
  return holdsNull(value) ? copyWithoutNulls(value) : value;
}

const isPlain = (value: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === null || proto === Object.prototype;
};

function holdsNull(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(holdsNull);
  if (!isPlain(value)) return false;
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner === null || holdsNull(inner)) return true;
  }
  return false;
}

function copyWithoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyWithoutNulls);
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, copyWithoutNulls(inner)]),
  );
}

type Metadatas = ReturnType<MetadataStorage['getTargetValidationMetadatas']>;
/** Caches the checks of a class, which class-validator collects again for each value; classes do not change while an app runs. */
function gatherChecksOnce(): void {
  const gather = storage.getTargetValidationMetadatas.bind(storage);
  const known = new Map<unknown, Metadatas>();
  storage.getTargetValidationMetadatas = (target, schema, always, strict, groups) => {
    if (schema || always || strict || groups?.length) return gather(target, schema, always, strict, groups);
    let checks = known.get(target);
    if (!checks) known.set(target, (checks = gather(target, schema, always, strict, groups)));
    return checks;
  };
}
gatherChecksOnce();
