/**
 * Where messages for the operator go.
 *
 * @module
 */

/** Least to most severe. */
const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts beside a message, by name. Never contents of memories, never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Takes one message per call; those below the level are dropped. */
export type Logger = Record<LogLevel, (message: string, fields?: LogFields) => void>;

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
  const least = LOG_LEVELS.indexOf(level);
  const at = (name: LogLevel): Logger[LogLevel] => {
    if (LOG_LEVELS.indexOf(name) < least) return () => {};
    const shown = name.toUpperCase(), calm = name === "debug" || name === "info";
    if (format === "json") {
      return (message, fields) =>
        write(
          JSON.stringify({ time: now().toISOString(), level: name, message, ...fields }),
          calm && fields !== undefined,
        );
    }
    return (message, fields) =>
      write(`${now().toISOString()} ${shown} ${message}${fields ? inWords(fields) : ""}`, calm && fields !== undefined);
  };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error") };
}

function inWords(fields: LogFields): string {
  let text = "";
  for (const name in fields) text += ` ${name}=${fields[name]}`;
  return text;
}
