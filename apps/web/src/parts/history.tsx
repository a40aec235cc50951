import { Link } from '@tanstack/react-router';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';
import { links } from './links';
import { useMay } from './me';

/** A link to the history of a stream, e.g. `equipment-haifa.M1`, for those who may read it. */
export function History({ of }: Readonly<{ of: string }>) {
  const words = useWords(shellWords);
  const may = useMay();
  if (!may('get /audit/history')) return null;
  return (
    <Link to={links.history(of)} aria-label={words.historyOf(of)}>
      {words.history}
    </Link>
  );
}
