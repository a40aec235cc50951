import type { ComponentType } from 'react';
import type { ROLES_OF } from '../client/generated/roles';
import type { shellWords } from '../words/shell';

type Word = { [K in keyof typeof shellWords.en]: (typeof shellWords.en)[K] extends string ? K : never }[keyof typeof shellWords.en];

/** What the shell knows of a page. */
export type Page = Readonly<{
  /** Below /console/, e.g. `work-orders/$id`. */
  path: string;
  /** The operation that it cannot do without: who may not call it is not offered the page. */
  needs: keyof typeof ROLES_OF;
  /** Its name in the navigation, a string of words/shell.ts; absent for a page that is reached from others. */
  title?: Word;
  /** Its code, loaded when it is opened. */
  load: () => Promise<{ default: ComponentType }>;
}>;
