/**
 * A fast path for command inputs that pass every check. Hides: the metadata of class-validator, collected once for each class. Promises:
 * the same result as the pipe; if it is not sure it returns nothing, and the pipe checks the input. Does not: say what is wrong.
 */
import { getMetadataStorage } from 'class-validator';
import { Command } from '#platform/commands/command';
import { inputClassOf } from '#platform/commands/fields';

type Plain = Readonly<Record<string, unknown>>;
type Input = Record<string, unknown>;
type Class = new () => object;
/** An input of a class from plain JSON; undefined if a check fails, or may fail. */
type Make = (plain: Plain) => object | undefined;
type Arguments = { targetName: string; property: string; constraints: unknown[]; object: object; value: unknown };
type Check = Readonly<{ each: boolean; validate: (value: unknown, args: Arguments) => unknown; args: Arguments }>;
type Property = Readonly<{
  name: string;
  conditions: readonly ((object: object, value: unknown) => unknown)[];
  checks: readonly Check[];
  nested?: Make;
}>;

const made = new Map<unknown, Make | undefined>();

/** An input of a command class, if it is certainly valid. */
export function knownGood(type: unknown, plain: unknown): object | undefined {
  if (!made.has(type)) made.set(type, isCommand(type) ? makerOf(type) : undefined);
  const make = made.get(type);
  return make && isPlain(plain) ? make(plain) : undefined;
}

const isCommand = (type: unknown): type is Class => typeof type === 'function' && type.prototype instanceof Command;
const isListOfScalars = (value: object): boolean => Array.isArray(value) && value.every((one) => typeof one !== 'object');
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined if the class has a check that is not supported here. */
function makerOf(type: Class): Make | undefined {
  const properties = propertiesOf(type);
  if (!properties) return undefined;
  const known = new Map(properties.map((property) => [property.name, property]));
  return (plain) => {
    const input = new type() as Input;
    for (const name in plain) {
      const property = known.get(name);
      const value = plain[name];
      if (!property || value === null || (typeof value === 'object' && !property.nested && !isListOfScalars(value))) return undefined;
      input[name] = value;
    }
    for (const property of properties) if (!passes(property, input)) return undefined;
    return input;
  };
}

function passes({ name, conditions, checks, nested }: Property, input: Input): boolean {
  const value = input[name];
  for (const condition of conditions) if (!condition(input, value)) return true;
  for (const { each, validate, args } of checks) {
    args.object = input;
    args.value = value;
    if (each && Array.isArray(value)) {
      for (const one of value) if (validate(one, args) !== true) return false;
    } else if (validate(value, args) !== true) return false;
  }
  if (!nested || value === undefined) return true;
  const inner = Array.isArray(value) ? value.map((one) => (isPlain(one) ? nested(one) : undefined)) : isPlain(value) && nested(value);
  if (!inner || (Array.isArray(inner) && inner.includes(undefined))) return false;
  input[name] = inner;
  return true;
}

function propertiesOf(type: Class): Property[] | undefined {
  const storage = getMetadataStorage();
  const all = storage.groupByPropertyName(storage.getTargetValidationMetadatas(type, '', false, false));
  const properties: Property[] = [];
  for (const [name, metadatas] of Object.entries(all)) {
    const conditions: Property['conditions'][number][] = [];
    const checks: Check[] = [];
    let nested: Make | undefined;
    for (const { type: kind, constraints = [], constraintCls, each, validateIf } of metadatas) {
      if (validateIf) return undefined;
      if (kind === 'conditionalValidation') conditions.push(constraints[0] as never);
      else if (kind === 'customValidation')
        for (const { instance, async } of storage.getTargetValidatorConstraints(constraintCls)) {
          if (async) return undefined;
          const args = { targetName: type.name, property: name, constraints, object: {}, value: undefined };
          checks.push({ each, validate: (value, given) => instance.validate(value, given), args });
        }
      else if (kind === 'nestedValidation') {
        const inner = inputClassOf(type, name);
        nested = inner && makerOf(inner);
        if (!nested) return undefined;
      } else return undefined;
    }
    properties.push({ name, conditions, checks, ...(nested ? { nested } : {}) });
  }
  return properties;
}
