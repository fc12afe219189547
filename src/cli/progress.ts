/**
 * A progress bar on standard error.
 *
 * @module
 */

import type { CliContext } from "./context.ts";

/** A bar of one piece of work. Silent where standard error is no terminal. */
export interface Progress {
  /** How far it is; without a total only the count and the rate are shown. */
  at(done: number, total?: number): void;
  /** A text in the bar's place. */
  show(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** Milliseconds between two drawings, and cells of the bar. */
const REDRAW_MS = 100, CELLS = 20;

/** A bar that begins with `label` and counts in `unit`; bytes are shown in megabytes. */
export function progress(
  context: Pick<CliContext, "terminal" | "note">,
  label = "",
  unit = "",
  now: () => number = () => performance.now(),
): Progress {
  const started = now();
  let shown = -Infinity, width = 0;
  let first: { at: number; done: number } | undefined;
  const draw = (text: string) => {
    context.note(`\r${text.padEnd(width)}`);
    width = text.length;
  };
  return {
    at: (done, total) => {
      // Work that goes on where an earlier run stopped begins with much done.
      first ??= { at: started, done };
      if (!context.terminal || now() - shown < REDRAW_MS) return;
      shown = now();
      draw(barText(label, unit, done, total, (done - first.done) / Math.max(1, shown - first.at) * 1000));
    },
    show: (text) => {
      if (!context.terminal || now() - shown < REDRAW_MS) return;
      shown = now();
      draw(text);
    },
    end: () => {
      if (width > 0) context.note(`\r${" ".repeat(width)}\r`);
      width = 0;
    },
  };
}

/** The bar as one line; `rate` is in units a second. */
export function barText(label: string, unit: string, done: number, total: number | undefined, rate: number): string {
  const count = (value: number) => unit === "bytes" ? (value / 1e6).toFixed(1) : Math.round(value).toLocaleString("en");
  const name = unit === "bytes" ? "MB" : unit;
  const speed = rate > 0 ? `  ${count(rate)}/s` : "";
  if (total === undefined || total <= 0) return `${label} ${count(done)} ${name}${speed}`;
  const share = Math.min(1, done / total), filled = Math.round(share * CELLS);
  const left = rate > 0 ? `  ${duration((total - done) / rate)} left` : "";
  const bar = "█".repeat(filled) + "░".repeat(CELLS - filled);
  return `${label} ${bar} ${Math.floor(share * 100)}%  ${count(done)} of ${count(total)} ${name}${speed}${left}`;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds)), pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
