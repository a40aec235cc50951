/** What people are asked about a customer order: the kinds of questions, the options with the effect of each, and the time to decide. */

export type Question = Readonly<{ id: string; kind: QuestionKind; text: string; asked: boolean; leg?: number }>;
export type QuestionKind = 'Partial' | 'Nothing' | 'Short' | 'Running' | 'Shipment' | 'Returned' | 'Late' | 'MadeAnyway';
export type Answer =
  | 'AcceptPartial'
  | 'AcceptShort'
  | 'TryAgain'
  | 'Cancel'
  | 'Stop'
  | 'Finish'
  | 'KeepAtPlant'
  | 'ShipAgain'
  | 'MakeAgain'
  | 'Wait'
  | 'PlanAgain'
  | 'Count'
  | 'KeepAsStock';

/** Minutes until a decision is escalated. */
export const DECIDE_WITHIN = 240;

/** What a person may answer, with the effect of each. */
export const OPTIONS: Readonly<Record<QuestionKind, Readonly<Record<string, string>>>> = {
  Partial: {
    AcceptPartial: 'The plan is carried out. What it does not place is left out.',
    TryAgain: 'A new plan is made with what is free then.',
    Cancel: 'The order is cancelled.',
  },
  Nothing: { TryAgain: 'A new plan is made with what is free then.', Cancel: 'The order is cancelled.' },
  Short: {
    AcceptShort: 'The order ends with what is made.',
    TryAgain: 'The missing quantity is planned again, on all plants.',
    Cancel: 'The order is cancelled; what was made is stock.',
  },
  Running: { Stop: 'Work is stopped now. What was made until then is stock.', Finish: 'Work goes on to its end. What it makes is stock.' },
  Late: {
    Wait: 'The plant keeps the leg. The question comes again a day later.',
    PlanAgain: 'The leg is taken back, unless it starts meanwhile, and planned again without the plant.',
  },
  MadeAnyway: {
    Count:
      'It counts for the order. Legs that have not started are taken back, or one that runs is made smaller, as far as that is too much.',
    KeepAsStock: 'It is stock of its plant. The order goes on without it. What the plant reports later is asked about again.',
  },
  Returned: {
    ShipAgain: 'What came back is shipped again.',
    MakeAgain: 'What came back stays at its plant; the quantity is planned again.',
    Cancel: 'The order is cancelled; what was made is stock.',
  },
  Shipment: { TryAgain: 'The transfer is planned again.', KeepAtPlant: 'What was made stays at its plant.' },
};
