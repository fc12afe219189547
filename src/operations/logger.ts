/**
 * Where messages for the operator go.
 *
 * @module
 */

import { LOG_LEVELS, type LogFields, type LogLevel, RecentLines } from "./recent_lines.ts";

export type { LogFields, LogLevel } from "./recent_lines.ts";

/** Takes one message per call; those below the level are dropped. */
export type Logger = Record<LogLevel, (message: string, fields?: LogFields) => void> & {
  /** The last lines; absent where none are kept. */
  readonly recent?: RecentLines;
};

/** `text` for people; `json` for collectors, one object a line whatever a message holds. */
export type LogFormat = "text" | "json";

/**
 * A logger that hands messages of at least `level` to `write`, with time and level in front, and says which of them can
 * wait for others: those of requests that went well enough.
 */
export function createLogger(
  level: LogLevel,
  write: (line: string, canWait: boolean) => void,
  now = () => new Date(),
  format: LogFormat = "text",
): Logger {
  const least = LOG_LEVELS.indexOf(level), recent = new RecentLines();
  const at = (name: LogLevel): Logger[LogLevel] => {
    if (LOG_LEVELS.indexOf(name) < least) return () => {};
    const shown = name.toUpperCase(), calm = name === "debug" || name === "info";
    return (message, fields) => {
      const time = now(), canWait = calm && fields !== undefined;
      recent.add({ time, level: name, message, fields: fields ?? {} }, canWait);
      const line = format === "json"
        ? JSON.stringify({ time: time.toISOString(), level: name, message, ...fields })
        : `${time.toISOString()} ${shown} ${message}${fields ? inWords(fields) : ""}`;
      write(line, canWait);
    };
  };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error"), recent };
}

function inWords(fields: LogFields): string {
  let text = "";
  for (const name in fields) text += ` ${name}=${fields[name]}`;
  return text;
}
