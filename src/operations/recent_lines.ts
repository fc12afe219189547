/**
 * The last lines of the log of a process, in bounded memory.
 *
 * @module
 */

/** Least to most severe. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts beside a message, by name. Never contents of memories, never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** A line of the log. */
export interface LogLine {
  time: Date;
  level: LogLevel;
  message: string;
  fields: LogFields;
}

/** Lines kept of each of the two kinds, and characters of a message and of each text beside it. */
const KEPT = 500, MESSAGE = 2000, FIELD = 300;

/**
 * Keeps the last lines. Those of requests that went well have a place of their own, so that a busy minute doesn't push out
 * what went wrong before it.
 */
export class RecentLines {
  readonly #calm: [number, LogLine][] = [];
  readonly #others: [number, LogLine][] = [];
  #count = 0;

  /** @param isCalm Whether it tells of a request that went well. */
  add({ time, level, message, fields }: LogLine, isCalm: boolean): void {
    const lines = isCalm ? this.#calm : this.#others;
    const short = (value: LogFields[string]) => typeof value === "string" ? value.slice(0, FIELD) : value;
    lines.push([++this.#count, {
      time,
      level,
      message: message.slice(0, MESSAGE),
      fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, short(value)])),
    }]);
    if (lines.length >= 2 * KEPT) lines.splice(0, lines.length - KEPT);
  }

  /**
   * The lines, newest first, with their numbers; numbers of lines that are gone are left out.
   *
   * @param withCalm Whether those of requests that went well are among them.
   */
  *newest(withCalm: boolean): Generator<readonly [number, LogLine]> {
    const calm = withCalm ? this.#calm.slice(-KEPT) : [], others = this.#others.slice(-KEPT);
    while (calm.length + others.length > 0) {
      yield ((calm.at(-1)?.[0] ?? 0) > (others.at(-1)?.[0] ?? 0) ? calm : others).pop()!;
    }
  }
}
