/**
 * What lies between apps. Hides: how long a message takes, and whether it or its answer is lost. Promises: a request that was lost has had no effect,
 * one whose answer was lost has; which of them it was, the sender does not know. Does not: know what is sent.
 */
import type { VirtualTime } from './virtual-time';

/** Parts of one. `slow`: a message takes minutes; `again`: a request arrives once more, perhaps much later. */
export type Weather = Readonly<{ lostRequest: number; lostAnswer: number; slow: number; again: number }>;
export const FAIR: Weather = { lostRequest: 0, lostAnswer: 0, slow: 0, again: 0 };

const TIMEOUT_MS = 5_000;
const LATE_MS = 600_000;
/** What becomes of a request. `late`: it has its effect long after the sender has given up. */
type Fate = 'answered' | 'request lost' | 'answer lost' | 'late';

export class Network {
  weather: Weather = FAIR;
  /** Called with the app that asked, once its request has had its effect and before it knows. */
  onEffect: (app: string, what: string) => void = () => undefined;

  /** What becomes of a request that an app makes; where it says nothing, it depends on the weather. */
  befalls: (app: string, what: string) => Fate | undefined = () => undefined;

  constructor(private readonly time: VirtualTime) {}

  /** Asks another part of the world, from the app whose code runs. `unanswered` makes the error for a request that is not answered. */
  ask<T>(what: string, effect: () => T, unanswered: () => Error, repeatable = false): Promise<T> {
    const { time } = this;
    const { random, app } = time;
    const fate = this.befalls(app, what) ?? this.drawn();
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => time.after(TIMEOUT_MS, () => (time.stir(), reject(unanswered())), app);
      if (fate === 'request lost' || fate === 'late') giveUp();
      if (fate === 'request lost') return;
      const arrive = () => {
        const answer = outcomeOf(effect);
        this.onEffect(app, what);
        if (repeatable && random.chance(this.weather.again))
          time.after(random.between(1, 7_200_000), () => void outcomeOf(effect), 'network');
        if (fate === 'answer lost') giveUp();
        if (fate !== 'answered') return;
        time.after(this.delay(), () => (time.stir(), 'error' in answer ? reject(answer.error as Error) : resolve(answer.value)), app);
      };
      time.after(fate === 'late' ? LATE_MS : this.delay(), arrive, 'network');
    });
  }

  private drawn(): Fate {
    const { random } = this.time;
    const { lostRequest, lostAnswer } = this.weather;
    return random.chance(lostRequest) ? 'request lost' : random.chance(lostAnswer) ? 'answer lost' : 'answered';
  }

  private delay(): number {
    const { random } = this.time;
    return random.chance(this.weather.slow) ? random.between(1_000, 240_000) : random.between(1, 40);
  }
}

function outcomeOf<T>(effect: () => T): Readonly<{ value: T } | { error: unknown }> {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}
