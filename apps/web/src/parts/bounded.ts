/** Text fields that take no more than the api does, and say so where a longer text was typed or pasted. */
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

export type Bounded = Readonly<{ maxLength: number; description?: string }>;

/** @returns the properties of a text field for `most` characters that has `text` now */
export function useBounded(): (most: number, text: string, about?: string) => Bounded {
  const words = useWords(shellWords);
  return (most, text, about) => ({ maxLength: most, description: text.length >= most ? words.full(most) : about });
}
