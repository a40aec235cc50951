import { InputType, registerEnumType } from '@nestjs/graphql';
import { CapacityMode } from '#manufacturing/capacity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Id, Many, ManyOf, OneOf, Text, Whole } from '#platform/commands/fields';
import { LossClass, MachineState, PackmlProfile, PackmlState, SignalQuality } from './equipment.events';

registerEnumType(PackmlState, { name: 'PackmlState', description: 'The 17 states of PackML (TR88.00.02).' });
registerEnumType(MachineState, { name: 'MachineState', description: 'What is known of a machine: a PackML state, or Unknown.' });
registerEnumType(PackmlProfile, { name: 'PackmlProfile', description: 'Which edition of PackML a machine follows.' });
registerEnumType(CapacityMode, { name: 'CapacityMode', description: 'How many jobs a machine takes at a time.' });
registerEnumType(LossClass, { name: 'LossClass', description: 'What a stop cost, for the analysis of losses.' });
registerEnumType(SignalQuality, { name: 'SignalQuality', description: 'How reliable a reading is.' });

@InputType({ isAbstract: true })
abstract class EquipmentCommand extends Command {
  @Id()
  readonly equipmentId: string;
}

@InputType('ModeInput', { description: 'A mode of a machine and the states that it disables.' })
class ModeInput {
  /** 1 Production, 2 Maintenance, 3 Manual, 4 to 31 as its vendor defines. */
  @Whole(1, 31)
  readonly mode: number;

  @Text(1, 40)
  readonly name: string;

  /** States that the mode disables; never Stopped, Idle, Execute or Aborted. */
  @ManyOf(PackmlState)
  readonly disabledStates: PackmlState[];
}

@InputType('VendorStateInput', { description: 'What the machine’s controller calls a PackML state.' })
class VendorStateInput {
  @Text(1, 64)
  readonly code: string;

  @OneOf(PackmlState)
  readonly state: PackmlState;
}

/** Register a machine of a plant. */
@InputType()
@Allow('engineer')
export class RegisterEquipment extends EquipmentCommand {
  /** Name as written on the machine's plate. */
  @Text(1, 80)
  readonly name: string;

  /** Its place in the hierarchy of the same plant. */
  @Id({ optional: true })
  readonly elementId?: string;

  /** Its kind: machines of one class can do the same work. */
  @Code()
  readonly equipmentClass: string;

  /** The 2022 edition when absent. */
  @OneOf(PackmlProfile, { optional: true })
  readonly profile?: PackmlProfile;

  /** Production, Maintenance and Manual with all states when absent. The first one is the initial mode. */
  @Many(() => ModeInput, 31, { optional: true })
  readonly modes?: ModeInput[];

  /** The states in which the mode may be changed: Stopped, Idle and Aborted when absent. */
  @ManyOf(PackmlState, { optional: true, min: 1 })
  readonly modeChangeStates?: PackmlState[];

  /** Unary when absent. */
  @OneOf(CapacityMode, { optional: true })
  readonly capacityMode?: CapacityMode;

  /** Jobs at a time, or the total load of a cumulative capacity. */
  @Whole(1, 1_000_000, { optional: true })
  readonly maxConcurrent?: number;

  /** What the machine's controller calls the PackML states, for observations. */
  @Many(() => VendorStateInput, 200, { optional: true })
  readonly vendorStates?: VendorStateInput[];

  /** The states that this machine reports; skipping the others is not flagged. When absent: those of `vendorStates`, or else those of its class, or else all. */
  @ManyOf(PackmlState, { optional: true, min: 1 })
  readonly reportedStates?: PackmlState[];
}

/** Move a machine to another place of its plant. */
@InputType()
@Allow('engineer', 'supervisor')
export class MoveEquipment extends EquipmentCommand {
  @Id()
  readonly elementId: string;
}

/** PackML Reset: make a stopped or complete machine ready. */
@InputType()
@Allow('operator', 'supervisor')
export class ResetEquipment extends EquipmentCommand {}

/** PackML Start: let an idle machine produce. */
@InputType()
@Allow('operator', 'supervisor')
export class StartEquipment extends EquipmentCommand {}

/** PackML Stop: bring the machine to a controlled stop. Say why in `reason`. */
@InputType()
@Allow('operator', 'supervisor')
export class StopEquipment extends EquipmentCommand {}

/** PackML Hold: interrupt production for an internal cause, e.g. an empty hopper. */
@InputType()
@Allow('operator', 'supervisor')
export class HoldEquipment extends EquipmentCommand {}

/** PackML Unhold: continue after a hold. */
@InputType()
@Allow('operator', 'supervisor')
export class UnholdEquipment extends EquipmentCommand {}

/** PackML Suspend: interrupt production for an external cause: starved or blocked. */
@InputType()
@Allow('operator', 'supervisor')
export class SuspendEquipment extends EquipmentCommand {}

/** PackML Unsuspend: continue after a suspension. */
@InputType()
@Allow('operator', 'supervisor')
export class UnsuspendEquipment extends EquipmentCommand {}

/** PackML Abort: bring the machine to a rapid, safe stop. Running work orders on it are held. */
@InputType()
@Allow('operator', 'supervisor')
export class AbortEquipment extends EquipmentCommand {}

/** PackML Clear: remove the faults of an aborted machine. */
@InputType()
@Allow('operator', 'supervisor')
export class ClearEquipment extends EquipmentCommand {}

/** PackML Complete: end the production run. */
@InputType()
@Allow('operator', 'supervisor')
export class CompleteEquipment extends EquipmentCommand {}

/** PackML SC: the machine has completed its acting state. Sent by its controller or an operator. */
@InputType()
@Allow('device', 'operator', 'supervisor')
export class ReportStateComplete extends EquipmentCommand {
  /** The acting state that is complete. The command is refused if the machine is in another one: a late report must not complete the wrong state. */
  @OneOf(PackmlState, { optional: true })
  readonly state?: PackmlState;
}

/** Set a machine to another of its modes. */
@InputType()
@Allow('operator', 'supervisor', 'engineer')
export class SetEquipmentMode extends EquipmentCommand {
  /** 1 Production, 2 Maintenance, 3 Manual, 4 to 31 as its vendor defines. */
  @Whole(1, 31)
  readonly mode: number;
}

@InputType({ isAbstract: true })
abstract class Job extends EquipmentCommand {
  @Id()
  readonly workOrderId: string;

  /** Share of a cumulative capacity; 1 when absent. */
  @Whole(1, 1_000_000, { optional: true })
  readonly load?: number;

  /** What the jobs of one batch have in common, e.g. the oven programme. */
  @Code({ optional: true })
  readonly batchKey?: string;
}

/** Assign a work order to a machine, or to part of its capacity. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class AssignEquipment extends Job {}

/** End the assignment of a work order to a machine. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class UnassignEquipment extends EquipmentCommand {
  @Id()
  readonly workOrderId: string;
}

/** Record that work on an order began on a machine, which takes (part of) it. A fact, never refused: beyond the capacity it is flagged. */
@InputType()
@Allow('engineer')
export class RecordJobBegun extends Job {}

/** Record that an order needs a machine no longer. A fact, never refused. */
@InputType()
@Allow('engineer')
export class RecordJobEnded extends EquipmentCommand {
  @Id()
  readonly workOrderId: string;
}

/** Classify a stop by its reason, or correct its classification. */
@InputType()
@Allow('operator', 'supervisor')
export class ClassifyStop extends EquipmentCommand {
  @Code()
  readonly stopId: string;

  @Code()
  readonly reasonCode: string;

  @OneOf(LossClass)
  readonly lossClass: LossClass;

  /** The reason code that the sender saw; absent if the stop was not classified. The command is refused if another one was set since. */
  @Code({ optional: true })
  readonly expectedPrevious?: string;
}

/** Report the observed state of a machine. An observed fact: always recorded, never refused. */
@InputType()
@Allow('device', 'operator', 'supervisor')
export class ObserveEquipmentState extends EquipmentCommand {
  /** A PackML state, or a code of the machine's vendor. */
  @Text(1, 64)
  readonly state: string;

  /** GOOD when absent. */
  @OneOf(SignalQuality, { optional: true })
  readonly quality?: SignalQuality;

  /** The machine's own number of the observation: same time, state and number is the same observation, delivered again. */
  @Whole(0, 2_147_483_647, { optional: true })
  readonly sequence?: number;
}
