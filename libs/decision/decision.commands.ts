import { InputType, registerEnumType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Id, Instant, Many, OneOf, Reason, Text } from '#platform/commands/fields';
import { Severity } from './decision.events';

registerEnumType(Severity, { name: 'Severity', description: 'How much depends on a decision.' });

@InputType({ isAbstract: true })
abstract class DecisionCommand extends Command {
  @Id()
  readonly decisionId: string;
}

/** A possible answer and what follows from it. */
@InputType('ChoiceInput', {})
class ChoiceInput {
  @Code()
  readonly option: string;

  /** What follows if it is chosen. */
  @Text(1, 500)
  readonly effect: string;
}

/** Ask for a decision of a person. */
@InputType()
@Allow('supervisor', 'planner', 'quality', 'engineer')
export class RequestDecision extends DecisionCommand {
  /** Id of the order, transfer or other thing that it is about. */
  @Id()
  readonly about: string;

  /** What kind of decision it is, e.g. Partial. */
  @Code()
  readonly kind: string;

  @OneOf(Severity)
  readonly severity: Severity;

  /** When it is escalated if nobody has decided. */
  @Instant()
  readonly dueAt: string;

  @Many(() => ChoiceInput, 20)
  readonly options: ChoiceInput[];

  /** What the decision should be based on. */
  @Text(1, 2_000, { optional: true })
  readonly evidence?: string;
}

/** Say who is to decide; somebody else still can. */
@InputType()
@Allow('supervisor', 'planner', 'quality', 'engineer')
export class AssignDecision extends DecisionCommand {
  /** The person, by the name in their token. */
  @Code()
  readonly assignee: string;
}

/** Decide. */
@InputType()
@Allow('supervisor', 'planner', 'quality', 'engineer')
export class MakeDecision extends DecisionCommand {
  /** One of the options. */
  @Code()
  readonly option: string;

  /** Why. */
  @Reason()
  declare readonly reason: string;
}

/** Make an open decision more severe. Sent by a process when it is due. */
@InputType()
@Allow('supervisor', 'planner', 'quality', 'engineer')
export class EscalateDecision extends DecisionCommand {}

/** Take back the request for a decision: it is no longer needed. */
@InputType()
@Allow('supervisor', 'planner', 'quality', 'engineer')
export class WithdrawDecision extends DecisionCommand {
  /** Why it is no longer needed. */
  @Reason()
  declare readonly reason: string;
}
