/**
 * What lies between apps. Hides: how long a message takes, and whether it or its answer is lost. Promises: a request that was lost has had no effect,
 * one whose answer was lost has; which of them it was, the sender does not know. Does not: know what is sent.
 */
import type { VirtualTime } from './virtual-time';

/** Parts of one. `slow`: a message takes minutes; `again`: a request arrives once more, perhaps much later. */
export type Weather = Readonly<{ lostRequest: number; lostAnswer: number; slow: number; again: number }>;
export const FAIR: Weather = { lostRequest: 0, lostAnswer: 0, slow: 0, again: 0 };

const TIMEOUT_MS = 5_000;

export class Network {
  weather: Weather = FAIR;
  /** Called with the app that asked, once its request has had its effect and before it knows. */
  onEffect: (app: string, what: string) => void = () => undefined;

  constructor(private readonly time: VirtualTime) {}

  /** Asks another part of the world, from the app whose code runs. `unanswered` makes the error for a request that is not answered. */
  ask<T>(what: string, effect: () => T, unanswered: () => Error, repeatable = false): Promise<T> {
    const { time, weather } = this;
    const { random, app } = time;
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => time.after(TIMEOUT_MS, () => (time.stir(), reject(unanswered())), app);
      if (random.chance(weather.lostRequest)) return giveUp();
      time.after(
        this.delay(),
        () => {
          const answer = outcomeOf(effect);
          this.onEffect(app, what);
          if (repeatable && random.chance(weather.again)) time.after(random.between(1, 7_200_000), () => void outcomeOf(effect), 'network');
          if (random.chance(weather.lostAnswer)) return giveUp();
          time.after(this.delay(), () => (time.stir(), 'error' in answer ? reject(answer.error as Error) : resolve(answer.value)), app);
        },
        'network',
      );
    });
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
