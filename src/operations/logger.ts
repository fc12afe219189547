/**
 * Where messages for the operator go.
 *
 * @module
 */

/** Least to most severe. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Takes one line of text per call; lines below the level are dropped. */
export type Logger = Record<LogLevel, (message: string) => void>;

/** A logger that hands lines of at least `level` to `write`, with time and level in front. */
export function createLogger(level: LogLevel, write: (line: string) => void, now = () => new Date()): Logger {
  const least = LOG_LEVELS.indexOf(level);
  const at = (name: LogLevel) => (message: string) => {
    if (LOG_LEVELS.indexOf(name) >= least) write(`${now().toISOString()} ${name.toUpperCase()} ${message}`);
  };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error") };
}
