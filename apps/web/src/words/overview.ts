import { section } from './words';

export const overviewWords = section({
  en: {
    title: 'Plants',
    machines: (count: number) => (count === 1 ? '1 machine' : `${count} machines`),
    since: (length: string) => `for ${length}`,
    noOrder: 'no order',
    openStop: 'open stop',
    stale: 'no reading lately',
    quality: (quality: string) => `reading ${quality}`,
    none: 'No machine is registered here.',
    producing: (count: number, of: number) => `${count} of ${of} producing`,
  },
  de: {
    title: 'Werke',
    machines: (count: number) => (count === 1 ? '1 Maschine' : `${count} Maschinen`),
    since: (length: string) => `seit ${length}`,
    noOrder: 'kein Auftrag',
    openStop: 'offener Stillstand',
    stale: 'lange kein Messwert',
    quality: (quality: string) => `Messwert ${quality}`,
    none: 'Hier ist keine Maschine angemeldet.',
    producing: (count: number, of: number) => `${count} von ${of} produzieren`,
  },
});
