/**
 * Checks inputs against their classes. Hides: class-validator. Promises: unknown keys are refused, null is as good as absent, every fault is
 * named with its field. Does not: check rules of the business (the deciders do).
 */
import { Injectable, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { invalidInput, type FieldFault } from '#platform/problem/problem';

const faultsOf = (errors: readonly ValidationError[], path = ''): FieldFault[] =>
  errors.flatMap(({ property, constraints, children }) => {
    const field = path + property;
    return [...Object.values(constraints ?? {}).map((message) => ({ field, message })), ...faultsOf(children ?? [], `${field}.`)];
  });

/** Checks inputs against their classes: unknown keys are refused, null is as good as absent. */
@Injectable()
export class InputPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => {
        return invalidInput(faultsOf(errors).slice(0, 50), 'fields');
      },
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    return super.transform(withoutNulls(value), metadata);
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== null && proto !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
