import { Alert, Button, Center, Group, NativeSelect, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { developmentToken, hasKey } from '../session/development';
import { canUseCryptography, goToIssuer } from '../session/openid';
import { signIn, type Absence } from '../session/session';
import type { Settings } from '../session/settings';
import { signInWords } from '../words/shell';
import { termWords } from '../words/terms';
import { LANGUAGES, setLanguage, useLanguage, useWords, type Language } from '../words/words';

type Props = Readonly<{ settings: Settings; why: Absence; fault?: string }>;

export function SignIn({ settings, why, fault }: Props) {
  const words = useWords(signInWords);
  const language = useLanguage();
  const [failed, setFailed] = useState(fault);
  const { openid, development } = settings;
  const withIssuer = () => goToIssuer(openid!, location.pathname + location.search).catch((error: Error) => setFailed(error.message));
  return (
    <Center mih="100vh" p="md">
      <Paper withBorder radius="md" p="xl" maw={560} w="100%" component="main">
        <Stack>
          <Group justify="space-between">
            <Title order={1} size="h2">
              Plantlog
            </Title>
            <NativeSelect
              aria-label="Language / Sprache"
              value={language}
              data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
              onChange={({ currentTarget }) => setLanguage(currentTarget.value as Language)}
            />
          </Group>
          {why === 'ended' ? <Alert color="orange">{words.ended}</Alert> : null}
          {failed ? (
            <Alert color="red" title={words.failed}>
              {failed}
            </Alert>
          ) : null}
          {openid ? (
            <>
              <Button size="lg" disabled={!canUseCryptography()} onClick={() => void withIssuer()}>
                {words.withIssuer(new URL(openid.issuer).host)}
              </Button>
              {canUseCryptography() ? null : <Text c="dimmed">{words.insecure}</Text>}
            </>
          ) : null}
          {development ? <Development {...development} onFault={setFailed} /> : null}
          {openid || development ? null : <Text>{words.noWay}</Text>}
        </Stack>
      </Paper>
    </Center>
  );
}

function Development({ roles, facilities, onFault }: NonNullable<Settings['development']> & { onFault: (text: string) => void }) {
  const words = useWords(signInWords);
  const terms = useWords(termWords);
  const [facility, setFacility] = useState('');
  const choose = (role: string) =>
    developmentToken(facility ? `${role}@${facility}` : role).then(signIn, (error: Error) => onFault(error.message));
  if (!hasKey()) return <Text>{words.noKey}</Text>;
  return (
    <Stack>
      <Title order={2} size="h4">
        {words.development}
      </Title>
      <Group>
        <Text id="for">{words.onePlant}</Text>
        <NativeSelect
          aria-labelledby="for"
          value={facility}
          data={[{ value: '', label: words.everywhere }, ...facilities.map((id) => ({ value: id, label: id }))]}
          onChange={({ currentTarget }) => setFacility(currentTarget.value)}
        />
      </Group>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {roles.map((role) => (
          <Button key={role} size="lg" variant="light" data-role={role} onClick={() => void choose(role)}>
            {terms[role as keyof typeof terms] ?? role}
          </Button>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
