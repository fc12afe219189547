/**
 * What commands get from `main.ts`, and what they share.
 *
 * @module
 */

import type { Config } from "../config.ts";
import type { Logger } from "../operations/logger.ts";
import type { OutboxContents } from "../operations/outbox.ts";
import type { Runtime } from "../operations/runtime.ts";

/** The world outside, as the only module that reads it hands it over. */
export interface CliContext {
  /** Settings; read and checked when first asked for. */
  config: () => Config;
  /** Starts a server and resolves when it was stopped. */
  serve: (command: string) => Promise<void>;
  /** Opens the parts over the shared storage. */
  openRuntime: (config: Config) => Promise<Runtime>;
  /** Closes what `openRuntime` opened, and what `startWork` started. */
  close: (runtime: Runtime, stopWork?: () => Promise<void>) => Promise<void>;
  startWork: (runtime: Runtime, config: Config, log: Logger) => { stop(): Promise<void> };
  /** Opens a store that is not the shared one; whoever asks closes it. */
  openStore: (settings: Config["storage"]) => Promise<Runtime["storage"]>;
  /** Opens the outbox to look into it; whoever asks closes it. */
  openOutbox: (config: Config) => Promise<OutboxContents>;
  /** Which model the settings ask for; loads it to find out. */
  configuredModel: (config: Config) => ReturnType<Runtime["embeddings"]["configured"]["ready"]>;
  /** Names this process among all that share a store. */
  processName: string;
  log: Logger;
  /** A line on standard output. */
  print: (line: string) => void;
  /** Text on standard error, without a newline. */
  note: (text: string) => void;
  /** Whether standard error, where progress goes, is a terminal. */
  terminal: boolean;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
}

/** A fault that was told already; the process ends with 1. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/** Runs `body` over an open runtime and closes it, whatever happens. */
export async function withRuntime<T>(context: CliContext, body: (runtime: Runtime) => Promise<T>): Promise<T> {
  const runtime = await context.openRuntime(context.config());
  try {
    return await body(runtime);
  } finally {
    await context.close(runtime);
  }
}

/** Prints a value as JSON when asked to, otherwise the lines a person reads. */
export function show(context: CliContext, json: boolean | undefined, value: unknown, lines: () => string[]): void {
  if (json) context.print(JSON.stringify(value));
  else lines().forEach(context.print);
}

/** A line on the terminal that is written over again and again; silent where there is no terminal. */
export function progress(context: CliContext): { show(text: string): void; end(): void } {
  let shown = 0, length = 0;
  return {
    show: (text) => {
      if (!context.terminal || performance.now() - shown < 100) return;
      shown = performance.now();
      context.note(`\r${text.padEnd(length)}`);
      length = text.length;
    },
    end: () => length > 0 && context.note(`\r${" ".repeat(length)}\r`),
  };
}

/** The examples at the end of a command's help. */
export function examples(lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  unimem ${line}`).join("\n")}`;
}
