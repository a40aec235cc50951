/**
 * The catalogue of strings. Hides: which language is chosen and where that is kept. Promises: a string that one language lacks does not compile.
 * Does not: translate what people or the api wrote.
 */
import { useSyncExternalStore } from 'react';

export type Language = 'en' | 'de';
export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

type Text = string | ((...values: never[]) => string);
type Same<T> = T extends (...values: infer Values) => string ? (...values: Values) => string : string;
export type Section<T> = Readonly<{ en: T; de: { readonly [K in keyof T]: Same<T[K]> } }>;

/** One section of the catalogue: the same strings in every language. */
export const section = <T extends Readonly<Record<string, Text>>>(both: Section<T>): Section<T> => both;

const KEPT = 'plantlog.language';
const listeners = new Set<() => void>();
let language: Language = known(localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2));
document.documentElement.lang = language;

function known(text: string): Language {
  return text === 'de' ? 'de' : 'en';
}

export function setLanguage(chosen: Language): void {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => (listeners.add(listener), () => void listeners.delete(listener));

export const useLanguage = (): Language => useSyncExternalStore(subscribe, () => language);

/** The strings of a section in the chosen language. */
export function useWords<T>(of: Section<T>): T {
  return of[useLanguage()] as T;
}
