/** The regular expression is invalid, or cannot be matched in bounded time. */
export class BadPattern extends Error {}

/** Compiles a regular expression from a client to a test. */
export function compilePattern(source: string): (text: string) => boolean {
  let expression: RegExp;
  try {
    expression = new RegExp(source, 'u');
  } catch {
    try {
      expression = new RegExp(source);
    } catch (error) {
      throw new BadPattern((error as Error).message);
    }
  }
  return (text) => expression.test(text);
}
