import { InputType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Amount } from '#manufacturing/quantity.fields';
import { Code, Id, Many, Nested, Text, Whole } from '#platform/commands/fields';

const LINES = 2_000_000_000;

/** How often an exception was found. */
@InputType()
class FindingInput {
  @Code()
  readonly code: string;

  @Whole(1, LINES)
  readonly count: number;
}

/** Counts of the rows up to a line. */
@InputType()
class TallyInput {
  @Whole(0, LINES)
  readonly rows: number;

  @Whole(0, LINES)
  readonly observed: number;

  @Whole(0, LINES)
  readonly rejected: number;

  @Many(() => FindingInput, 100, { min: 0 })
  readonly findings: FindingInput[];
}

/** A row that could not be read as a fact. */
@InputType()
class RejectedRowInput {
  /** Line of the file on which the row begins, from 1. */
  @Whole(1, LINES)
  readonly line: number;

  @Code()
  readonly code: string;

  @Text(1, 500)
  readonly message: string;

  /** The row as in the file. */
  @Text(0, 1_000)
  readonly raw: string;
}

/** A recorded row that a person should check. */
@InputType()
class FlaggedRowInput {
  @Whole(1, LINES)
  readonly line: number;

  @Code()
  readonly code: string;

  @Text(1, 500)
  readonly message: string;

  @Id()
  readonly workOrderId: string;

  @Id({ optional: true })
  readonly equipmentId?: string;

  @Code()
  readonly reportId: string;

  /** The other line concerned, if there is one. */
  @Whole(1, LINES, { optional: true })
  readonly otherLine?: number;
}

/** Lines of a file, from the first to the last. */
@InputType()
class LinesInput {
  @Whole(1, LINES)
  readonly from: number;

  @Whole(1, LINES)
  readonly to: number;
}

/** Start the import of a file; repeated with the same file and mapping it changes nothing. */
@InputType()
@Allow('engineer', 'device')
export class StartImport extends Command {
  /** `<facility>.<first 40 hex digits of the file's SHA-256>`. */
  @Id()
  readonly importId: string;

  @Text(1, 255)
  readonly file: string;

  /** Size of the file in bytes. */
  @Amount()
  readonly bytes: string;

  /** SHA-256 (hex) of the file's bytes. */
  @Code()
  readonly digest: string;

  /** Name of the mapping. */
  @Code()
  readonly mapping: string;

  /** SHA-256 (hex) of the mapping. */
  @Code()
  readonly mappingDigest: string;
}

/** Record that all rows up to a line are in the log, with the exceptions among them. */
@InputType()
@Allow('engineer', 'device')
export class SettleRows extends Command {
  @Id()
  readonly importId: string;

  @Whole(1, LINES)
  readonly throughLine: number;

  @Many(() => RejectedRowInput, 1_000, { min: 0 })
  readonly rejected: RejectedRowInput[];

  @Many(() => FlaggedRowInput, 1_000, { min: 0 })
  readonly flagged: FlaggedRowInput[];

  /** Of all rows up to the line. */
  @Nested(() => TallyInput)
  readonly tally: TallyInput;

  /** Rows that were facts before, from another file. */
  @Many(() => LinesInput, 1_000, { optional: true, min: 0 })
  readonly known?: LinesInput[];
}

/** Flag rows by checks over the whole file, such as two rows that overlap on one machine. */
@InputType()
@Allow('engineer', 'device')
export class FlagRows extends Command {
  @Id()
  readonly importId: string;

  /** Flags come in parts, counted from 1. */
  @Whole(1, LINES)
  readonly part: number;

  @Many(() => FlaggedRowInput, 1_000)
  readonly flagged: FlaggedRowInput[];
}

/** Record that all rows of the file are in the log. */
@InputType()
@Allow('engineer', 'device')
export class FinishImport extends Command {
  @Id()
  readonly importId: string;

  @Nested(() => TallyInput)
  readonly tally: TallyInput;
}
