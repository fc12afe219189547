/**
 * What commands get from `main.ts`, and what they share.
 *
 * @module
 */

import { resolve } from "node:path";
import type { z } from "zod";
import type { Config, SettingOrigin, WithoutEffect } from "../config.ts";
import type { Reach } from "../config/data_folder.ts";
import { expandHome } from "../config/home.ts";
import { MemoryError } from "../errors.ts";
import type { ModelExamination, StoreExamination } from "../operations/health/examination.ts";
import type { Logger } from "../operations/logger.ts";
import type { OutboxContents } from "../operations/outbox.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";
import type { StoreFiles } from "../operations/backup/verify.ts";

/** Examinations of what the service works with; nothing is written. */
export interface Examine {
  /** @param beside Whether a service that uses the store runs. */
  store(config: Config, beside: boolean): Promise<StoreExamination>;
  /** Null for a model that is yet to be downloaded. */
  model(config: Config): Promise<ModelExamination | null>;
}

/** Options of the commands that start a server. */
export interface ServeOptions {
  /** The profile of tools that `stdio` serves. */
  tools?: string;
  /** The data folder to serve, with default settings but for addresses and the log. */
  folder?: string;
  /** The spaces that its client works in, separated by commas. */
  space?: string;
}

/** A REST API that answers in this process. */
export interface InProcess {
  fetch(request: Request): Promise<Response>;
  /** Sent as a bearer token, it stands for the machine's user. */
  token: string;
  close(): Promise<void>;
}

/** What commands need that call operations: little, so that they start at once. */
export interface ClientContext {
  /** How a service is reached, by the options of the program and the settings. */
  reach: () => Reach;
  /** Loads what the settings are read with: `config`, `origins`, `environment` and `spacesIn` need it first. */
  load: () => Promise<void>;
  /** Settings; read and checked when first asked for. */
  config: () => Config;
  /** The same settings one by one, as they came from outside. */
  origins: () => SettingOrigin[];
  /** Names of spaces in an option. @throws {MemoryError} `invalid_input` for what is none. */
  spacesIn: (text: string) => string[];
  /** Answers operations over the store in this process. @param withModel Waits for the model. */
  openHere: (config: Config, withModel: boolean) => Promise<InProcess>;
  /** Asks a question that is answered by yes or no; no without a terminal. */
  ask: (question: string) => boolean;
  /** Standard input, or on a terminal what is typed after a question, without showing it. */
  secret: (question: string) => Promise<string>;
  /**
   * Runs a program that has the terminal until it ends, and gives its exit code.
   *
   * @param shown What of its output is shown: all without it.
   * @throws where it can't be run.
   */
  run: (command: readonly string[], shown?: "all" | "errors" | "none") => Promise<number>;
  /** Whether this process has the right to run a program by itself. */
  mayRun: (program: string) => boolean;
  /** The variables the settings are read from. */
  environment: () => Record<string, string | undefined>;
  log: Logger;
  /** A line on standard output. */
  print: (line: string) => void;
  /** Text on standard error, without a newline. */
  note: (text: string) => void;
  /** Standard input. */
  input: ReadableStream<Uint8Array>;
  /** Whether standard error, where progress goes, is a terminal. */
  terminal: boolean;
  /** Whether standard output takes colours: on a terminal, unless NO_COLOR or FORCE_COLOR say otherwise. */
  colour: boolean;
  /** The user's home folder and the platform, where clients keep their settings. */
  place: Place;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
}

/** The world outside, as the only module that reads it hands it over. */
export interface CliContext extends ClientContext {
  /** Settings for a data folder of its own: the defaults, but for addresses and the log. */
  configIn: (folder: string) => Config;
  /** What is set without effect though someone may count on it. */
  withoutEffect: () => WithoutEffect[];
  /** Looks at store and model from outside, for `doctor`. */
  examine: Examine;
  /** Starts a server and resolves when it was stopped. */
  serve: (command: string, options?: ServeOptions) => Promise<void>;
  /** Opens the parts over the shared storage. */
  openRuntime: (config: Config) => Promise<ServiceRuntime>;
  /** Closes what `openRuntime` opened, and what `startWork` started. */
  close: (runtime: ServiceRuntime, stopWork?: () => Promise<void>) => Promise<void>;
  startWork: (runtime: ServiceRuntime, config: Config, log: Logger) => { stop(): Promise<void> };
  /** Opens a store that is not the shared one; the caller closes it. */
  openStore: (settings: Config["storage"]) => Promise<ServiceRuntime["storage"]>;
  /** Opens the outbox to look into it; the caller closes it. */
  openOutbox: (config: Config) => Promise<OutboxContents>;
  /** Which model the settings ask for; loads it to find out. */
  configuredModel: (
    config: Config,
    onProgress?: (share: number) => void,
  ) => ReturnType<ServiceRuntime["embeddings"]["configured"]["ready"]>;
  /** Names this process among all that share a store. */
  processName: string;
  /** Work with the files of stores that no process has open. */
  storeFiles: StoreFiles;
}

/** The machine as client settings depend on it. */
export interface Place {
  os: string;
  home: string;
  /** Folder of roaming settings on Windows. */
  appData: string | undefined;
  /** Folder the command was called in. */
  cwd: string;
  /** How this program is started: the executable and what comes before the command. */
  launcher: string[];
  /** Whether it is an executable or an installed package, which only the launcher can start. */
  packaged: boolean;
}

/** A fault that was reported already; the process ends with 1. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/**
 * A path as an option or argument gives it, from the folder that the command was called in: a shell leaves `~` alone in
 * `--file=~/x` and `sqlite:~/x`, and `deno task` works in the project's folder. A `-`
 * stays: it stands for standard input or output.
 *
 * @throws {MemoryError} `invalid_input` for another user's home.
 */
export function pathOf({ place }: ClientContext, path: string): string {
  return path === "-" ? path : resolve(place.cwd, expandHome(path, place.home));
}

/** Folder of the store, where a running service and hooks leave their files. */
export function dataFolderOf(context: ClientContext): string {
  return context.reach().dataFolder;
}

/** The path where a text looks like one, and otherwise the name that it is, such as `latest`. */
export function pathOrName(context: ClientContext, text: string): string {
  return /^(\.{0,2}[/\\]|~|[A-Za-z]:[/\\]|\.{1,2}$)/.test(text) ? pathOf(context, text) : text;
}

/** Runs `body` over an open runtime and closes it, whatever happens. */
export async function withRuntime<T>(context: CliContext, body: (runtime: ServiceRuntime) => Promise<T>): Promise<T> {
  const runtime = await context.openRuntime(context.config());
  try {
    return await body(runtime);
  } finally {
    await context.close(runtime);
  }
}

/** Prints a value as JSON when asked to, otherwise the lines a person reads. */
export function show(context: ClientContext, json: boolean | undefined, value: unknown, lines: () => string[]): void {
  if (json) context.print(JSON.stringify(value));
  else lines().forEach(context.print);
}

/** The examples at the end of a command's help. */
export function examples(lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  unimem ${line}`).join("\n")}`;
}

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** The text in a colour, where standard output takes colours. */
export function paint({ colour }: Pick<ClientContext, "colour">, name: keyof typeof COLOURS, text: string): string {
  return colour ? `\x1b[${COLOURS[name]}m${text}\x1b[0m` : text;
}

/**
 * What a schema makes of the options.
 *
 * @param options The option behind each field, for the message.
 * @throws {MemoryError} `invalid_input` that names the option.
 */
export function check<T extends z.ZodType>(
  schema: T,
  value: unknown,
  options: Readonly<Record<string, string>> = {},
): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!, field = String(issue.path[0] ?? "");
  const named = options[field] ?? field;
  throw new MemoryError("invalid_input", `Cannot use ${named}: ${wordsOf(issue)}`, { field: named });
}

/** What a value has to be. Messages of our own schemas say it already. */
function wordsOf(issue: z.core.$ZodIssue): string {
  const origin = "origin" in issue ? issue.origin : null;
  const what = origin === "string" ? " characters" : origin === "array" ? " items" : "";
  switch (issue.code) {
    case "too_small":
      return `it takes at least ${issue.minimum}${what}`;
    case "too_big":
      return `it takes at most ${issue.maximum}${what}`;
    case "invalid_type":
      return `it takes ${issue.expected === "int" ? "a whole number" : `a ${issue.expected}`}`;
    case "invalid_value":
      return `it takes one of ${issue.values.join(", ")}`;
    default:
      return issue.message;
  }
}

/** Without characters that a terminal takes as orders, such as to clear the screen or to rename the window. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}--[\n\t]]/gv, "\ufffd");
}

/**
 * The number in an option.
 *
 * @throws {MemoryError} `invalid_input` that names the option.
 */
export function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new MemoryError("invalid_input", `Cannot use ${option} "${text}": it takes a number`, {
    field: option,
    value: text,
  });
}

/** A size as people read it. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
}
