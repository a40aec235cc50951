/**
 * Hides the logger and where a line goes. Promises one JSON object per line on stdout with app, correlation id and trace; readable lines on
 * a terminal; never secrets. Does not store or rotate: whoever runs the app keeps its output.
 */
import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { currentContext } from '#platform/security/context';
import { traceIds } from './tracing';

export type { Logger };

/** Secrets that must not appear in a log: passwords in connection strings, tokens, and values of keys that name a secret. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/?#@"\\]{0,256}:)[^\s@/"\\]{1,512}@/gi, '$1***@'],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{0,}/g, '***'],
  [
    /("(?:authorization|cookie|set-cookie|password|passphrase|secret|token|access_token|refresh_token|api-?key)":)"(?:[^"\\]|\\.)*"/gi,
    '$1"***"',
  ],
  [/\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, '$1 ***'],
];

/** The text with everything that looks like a secret removed. */
export const withoutSecrets = (text: string): string => SECRETS.reduce((line, [pattern, instead]) => line.replace(pattern, instead), text);

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const COLOURS: Readonly<Record<number, number>> = { 10: 90, 20: 90, 30: 32, 40: 33, 50: 31, 60: 35 };

/** Control characters, by which a text could move a terminal's cursor or fake a line; new lines and tabs of stacks stay. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;
const visible = (text: string): string => text.replace(CONTROLS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A readable log line: time, level, app, text, then its other fields. */
export function readable(line: string, colours = true): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, process: name, msg, err, pid: _pid, ...rest } = entry;
  const paint = (code: number, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const severity = (LEVELS[Number(level)] ?? 'info').toUpperCase().padEnd(5);
  const extra = Object.keys(rest).length > 0 ? ' ' + paint(90, visible(JSON.stringify(rest))) : '';
  const fault = err as { stack?: string; message?: string } | undefined;
  return `${paint(90, clock)} ${paint(COLOURS[Number(level)] ?? 32, severity)} ${visible(String(name))}: ${visible(String(msg ?? '')).replaceAll('\n', '\\n')}${extra}${
    fault ? `\n${visible(fault.stack ?? fault.message ?? '')}` : ''
  }`;
}

const terminal: DestinationStream = {
  write: (line) => void process.stdout.write(process.stdout.isTTY ? readable(withoutSecrets(line).trimEnd()) + '\n' : withoutSecrets(line)),
};

/** The log of one app. Every line has the ids of the current request or job. */
export const createLog = (processName: string, level: string, to: DestinationStream = terminal): Logger =>
  pino(
    {
      level,
      base: { process: processName, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => {
        const context = currentContext();
        return { ...(context && { correlationId: context.correlationId, actor: context.principal?.actor }), ...traceIds() };
      },
    },
    to === terminal ? to : { write: (line) => to.write(withoutSecrets(line)) },
  );

/** Makes Nest write to our log. Nest's start-up messages are logged as debug. */
export const nestLog = (log: Logger): LoggerService => {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'trace') =>
    (message: unknown, ...more: unknown[]) => {
      const context = more.at(-1);
      const stack = level === 'error' && more.length > 1 ? more[0] : undefined;
      log[level](
        { ...(typeof context === 'string' && { context }), ...(typeof stack === 'string' && { stack }) },
        message instanceof Error ? message.message : String(message),
      );
    };
  return { log: at('debug'), error: at('error'), warn: at('warn'), debug: at('debug'), verbose: at('trace'), fatal: at('fatal') };
};
