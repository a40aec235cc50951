/** The frame of every page: navigation, plant, language, who is signed in, freshness. */
import {
  AppShell,
  Burger,
  Button,
  Group,
  NativeSelect,
  NavLink,
  ScrollArea,
  Stack,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { may } from '../client/may';
import { choosePlant, usePlant, usePlants } from '../parts/plants';
import { useMe } from '../parts/me';
import { pages } from '../pages/pages';
import { leave } from '../session/session';
import { shellWords } from '../words/shell';
import { termOf, termWords } from '../words/terms';
import { LANGUAGES, setLanguage, useLanguage, useWords, type Language } from '../words/words';
import { FreshnessLine } from './freshness';
import { Notices } from './notices';

export function Frame() {
  const words = useWords(shellWords);
  const [opened, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    close();
    // A new page begins at its content, for keyboards and screen readers.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path, close]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
      transitionDuration={0}
    >
      <a className="skip" href="#main">
        {words.skip}
      </a>
      <AppShell.Header className="no-print">
        <Header opened={opened} toggle={toggle} />
      </AppShell.Header>
      <AppShell.Navbar p="xs" className="no-print" aria-label={words.menu}>
        <Navigation path={path} />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1}>
        <FreshnessLine />
        <Page path={path} />
      </AppShell.Main>
      <Notices />
    </AppShell>
  );
}

function Header({ opened, toggle }: Readonly<{ opened: boolean; toggle: () => void }>) {
  const words = useWords(shellWords);
  const plants = usePlants();
  const plant = usePlant();
  return (
    <Group h="100%" px="md" justify="space-between" wrap="nowrap">
      <Group wrap="nowrap" gap="sm">
        <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={words.menu} aria-expanded={opened} />
        <img src="/console/icon.svg" alt="" width={28} height={28} />
        <Text fw={700} visibleFrom="xs">
          Plantlog
        </Text>
      </Group>
      <NativeSelect
        aria-label={words.plant}
        value={plant ?? ''}
        data={[
          { value: '', label: words.allPlants },
          ...[...plants.values()].map(({ id, name, timeZone }) => ({ value: id, label: `${name} · ${timeZone}` })),
        ]}
        onChange={({ currentTarget }) => choosePlant(currentTarget.value || undefined)}
      />
    </Group>
  );
}

function Navigation({ path }: Readonly<{ path: string }>) {
  const words = useWords(shellWords);
  const terms = useWords(termWords);
  const language = useLanguage();
  const me = useMe();
  const scheme = useMantineColorScheme();
  const now = useComputedColorScheme('light');
  const offered = pages.filter(({ title, needs }) => title && may(me, needs));
  return (
    <>
      <AppShell.Section grow component={ScrollArea}>
        {offered.map(({ path: at, title }) => {
          const href = `/console/${at.split('/$')[0]}`;
          return (
            <NavLink
              key={at}
              component={Link}
              to={href}
              label={words[title!]}
              active={path === href || path.startsWith(`${href}/`)}
              aria-current={path === href ? 'page' : undefined}
              className="nav"
            />
          );
        })}
      </AppShell.Section>
      <AppShell.Section pt="xs">
        <Text size="sm" c="dimmed" px="xs" pb="xs" data-testid="me">
          {words.signedInAs(me.actor, me.roles.map((role) => termOf(terms, role)).join(', '))}
        </Text>
        <Stack gap="xs">
          <NativeSelect
            aria-label={words.language}
            value={language}
            data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
            onChange={({ currentTarget }) => setLanguage(currentTarget.value as Language)}
          />
          <Button variant="default" onClick={() => scheme.setColorScheme(now === 'dark' ? 'light' : 'dark')}>
            {now === 'dark' ? words.light : words.dark}
          </Button>
          <Button variant="default" onClick={() => leave('signed-out')}>
            {words.signOut}
          </Button>
        </Stack>
      </AppShell.Section>
    </>
  );
}

/** The page, if the caller's role may open it. */
function Page({ path }: Readonly<{ path: string }>) {
  const words = useWords(shellWords);
  const me = useMe();
  const page = pages.find(({ path: at }) => new RegExp(`^/console/${at.replace(/\$\w+/g, '[^/]+')}$`).test(path));
  if (page && !may(me, page.needs)) return <Text mt="lg">{words.notAllowed}</Text>;
  return (
    <div className="page">
      <Outlet />
    </div>
  );
}
