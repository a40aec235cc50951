import { Alert, Button, Code, Stack, Text } from '@mantine/core';
import { links } from '../parts/links';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

export function NoPage() {
  const words = useWords(shellWords);
  return (
    <Stack align="flex-start">
      <Text>{words.noPage}</Text>
      <Button component="a" href={links.overview()} variant="default">
        {words.toStart}
      </Button>
    </Stack>
  );
}

/** A fault of the console itself: this page only, the others go on. */
export function Failed({ error, reset }: Readonly<{ error: unknown; reset?: () => void }>) {
  const words = useWords(shellWords);
  return (
    <Alert color="red" title={words.failed} role="alert">
      <Code block>{error instanceof Error ? error.message : String(error)}</Code>
      <Button mt="sm" variant="default" onClick={() => (reset ? reset() : location.reload())}>
        {words.retry}
      </Button>
    </Alert>
  );
}
