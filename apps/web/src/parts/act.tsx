import { useState, type ReactNode } from 'react';

type Props = Readonly<{ does: () => Promise<unknown>; children: (run: () => void, isBusy: boolean) => ReactNode }>;

/** A control that sends a command: busy until there is an answer, so that one touch is one act. What became of it is in the notices. */
export function Act({ does, children }: Props) {
  const [isBusy, setBusy] = useState(false);
  const run = () => {
    if (isBusy) return;
    setBusy(true);
    does()
      .catch(() => undefined)
      .finally(() => setBusy(false));
  };
  return children(run, isBusy);
}
