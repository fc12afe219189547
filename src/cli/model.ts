/**
 * `model`: shows the embedding model of the store, and changes it.
 *
 * @module
 */

import type { Command } from "commander";
import type { Config } from "../config.ts";
import { MemoryError } from "../errors.ts";
import {
  foreignTexts,
  languagesOf,
  languagesOfTexts,
  type ModelLanguages,
  MULTILINGUAL_MODEL,
  sampleTexts,
} from "../operations/languages.ts";
import { chooseModel, chosenModel, reembeddingOf } from "../operations/model_choice.ts";
import type { Runtime } from "../operations/runtime.ts";
import { type CliContext, examples, pathOf, pathOrName, show, withRuntime } from "./context.ts";
import { progress } from "./progress.ts";

/** Settings that say which model is used; where one is set, the store's own choice doesn't count. */
const LOCAL = ["MCP_MEMORY_EMBEDDING_MODEL"], REMOTE = ["MCP_EMBEDDING_URL", "MCP_EMBEDDING_PROVIDER"];
/** The setting that errors of a model name, which isn't what chose it here. */
const ADVICE = /(?:,| or) (?:check|change) MCP_MEMORY_EMBEDDING_MODEL$/;
/** Languages that are listed. */
const LISTED = 5;
/** Milliseconds between two looks at how far the work is, and within which a service follows a choice. */
const POLL_MS = 200, FOLLOWED_MS = 120_000;

/** What the command shows. */
interface ModelState {
  model: string;
  /** Who chose it: `default`, `store`, or the name of a setting. */
  chosen_by: string;
  languages: ModelLanguages;
  /** The model whose vectors searches use now; another one until all memories have vectors of `model`. */
  serving: string | null;
  dimensions: number | null;
  memories: number;
  embedded: number;
  /** Null unless vectors of `model` are being made. */
  reembedding: { done: number; total: number } | null;
  /** Languages of a sample of the texts, most used first; the share is 0 to 1. */
  texts: { language: string; share: number }[];
  advice: string | null;
}

/** What a change came to. */
interface Changed {
  model: string;
  memories: number;
  embedded: number;
  /** Whether another process makes the vectors now. */
  background: boolean;
}

/** Adds the command. */
export function addModel(program: Command, context: CliContext): void {
  program.command("model").description("show the store's embedding model, or change it")
    .argument("[name]", `multilingual (${MULTILINGUAL_MODEL}), default, a Hugging Face id, or a folder`)
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["model", "model multilingual", "model ~/models/bge-m3", "model default"]))
    .action(async (name: string | undefined, { json }: { json?: boolean }) => {
      if (name === undefined) {
        const state = await withRuntime(context, (runtime) => stateOf(context, runtime));
        return show(context, json, state, () => linesOf(state));
      }
      const changed = await change(context, await modelNamed(context, name));
      show(context, json, changed, () => changedLines(changed));
    });
}

async function stateOf(context: CliContext, { storage }: Runtime): Promise<ModelState> {
  const { embedding } = context.config(), setting = settingOf(context);
  const chosen = setting === null ? await chosenModel(storage) : null, model = chosen ?? embedding.model;
  const { active, memories, embedded } = await storage.vectorCoverage();
  const texts = languagesOfTexts(await sampleTexts(storage));
  const serving = active?.name ?? null, running = serving === model ? null : await reembeddingOf(storage);
  return {
    model,
    chosen_by: setting?.name ?? (chosen === null ? "default" : "store"),
    languages: languagesOf(model),
    serving,
    dimensions: active?.dimensions ?? null,
    memories,
    embedded,
    reembedding: running?.model === model ? { done: running.done, total: running.total } : null,
    texts: texts.shares,
    advice: foreignTexts(model, texts, setting !== null)?.action ?? null,
  };
}

function linesOf({ model, chosen_by, languages, serving, memories, embedded, reembedding, texts, advice }: ModelState) {
  const by = chosen_by === "store" ? "chosen for this store" : chosen_by === "default" ? "the default" : chosen_by;
  const shares = texts.slice(0, LISTED).map(({ language, share }) => `${language} ${Math.round(share * 100)} %`);
  return [
    `Model      ${model} (${by})`,
    `Languages  ${languages}`,
    serving === model || serving === null
      ? `Vectors    ${embedded} of ${memories} memories`
      : `Vectors    ${reembedding?.done ?? 0} of ${memories} memories; until all are made, searches use ${serving}`,
    ...shares.length === 0 ? [] : [`Texts      ${shares.join(", ")}`],
    ...advice === null ? [] : [`           → ${advice}`],
  ];
}

/** The model a name stands for; null for the default. Folders become absolute, since other processes look for them too. */
async function modelNamed(context: CliContext, name: string): Promise<string | null> {
  if (name === "default") return null;
  if (name === "multilingual") return MULTILINGUAL_MODEL;
  const path = pathOf(context, name);
  if (pathOrName(context, name) === path) return path;
  return await Deno.stat(path).then((found) => found.isDirectory, () => false) ? path : name;
}

/**
 * Changes the model of the store, once it has been loaded, and brings vectors in line unless a service does.
 *
 * @throws {MemoryError} `refused` where a setting names the model; why the model can't be had, with nothing changed.
 */
async function change(context: CliContext, model: string | null): Promise<Changed> {
  const config = context.config(), setting = settingOf(context), { embedding } = config;
  if (setting !== null || embedding.provider !== "local") {
    const { name, place } = setting!;
    throw new MemoryError(
      "refused",
      `Cannot change the model: ${name} is set in ${place} and comes first; change it there, or remove it`,
      { field: name },
    );
  }
  const target = await load(context, { ...config, embedding: { ...embedding, model: model ?? embedding.model } });
  const runtime = await context.openRuntime(config);
  let stop: (() => Promise<void>) | undefined;
  try {
    await chooseModel(runtime.storage, model);
    stop = context.startWork(runtime, config, context.log).stop;
    return await finish(context, config, runtime, target);
  } finally {
    await context.close(runtime, stop);
  }
}

/** Loads the model, and downloads it before where it must. */
async function load(context: CliContext, config: Config): Promise<{ id: string; name: string }> {
  const bar = progress(context);
  try {
    return await context.configuredModel(config, (share) => bar.show(`Downloading ${Math.round(share * 100)}%`));
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    const hint = error.code === "unavailable" ? "; a folder with its files does as well: unimem model FOLDER" : "";
    const message = `Cannot change the model, nothing was changed: ${error.message.replace(ADVICE, "")}${hint}`;
    throw new MemoryError(error.code, message, { cause: error });
  } finally {
    bar.end();
  }
}

/** Waits until every memory has vectors of the model, or another process is seen making them. */
async function finish(
  context: CliContext,
  { leaseMs }: Config,
  { storage, embeddings, background }: Runtime,
  target: { id: string; name: string },
): Promise<Changed> {
  const bar = progress(context, "Embedding", "memories"), began = performance.now();
  try {
    while (true) {
      context.signal.throwIfAborted();
      const { active, memories, embedded } = await storage.vectorCoverage(), isActive = active?.id === target.id;
      const changed = { model: target.name, memories, embedded: isActive ? embedded : 0 };
      if (isActive && embedded >= memories) return { ...changed, background: false };
      if (background.holder !== null && !background.here) {
        const running = await reembeddingOf(storage);
        if (isActive || running?.model === target.name) {
          return { ...changed, embedded: isActive ? embedded : running!.done, background: true };
        }
        // A holder that died is followed within its lease; one of an older version doesn't know of the choice.
        if (performance.now() - began > Math.max(FOLLOWED_MS, 2 * leaseMs)) throw notFollowed(background.holder);
      }
      bar.at(embeddings.reembedding?.done ?? changed.embedded, memories);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  } finally {
    bar.end();
  }
}

function changedLines({ model, memories, embedded, background }: Changed): string[] {
  return background
    ? [
      `The store's model is ${model} now; the running service makes the vectors, ${embedded} of ${memories} so far`,
      "unimem model shows how far it is; searches go on meanwhile",
    ]
    : [`The store's model is ${model} now; ${embedded} of ${memories} memories have its vectors`];
}

/** The setting that says which model is used, and where it is set; null where none does. */
function settingOf(context: CliContext): { name: string; place: string } | null {
  const origins = context.origins();
  for (const name of context.config().embedding.provider === "local" ? LOCAL : REMOTE) {
    const found = origins.find((setting) => setting.name === name && setting.origin !== "default");
    if (found !== undefined) return { name, place: found.file ?? `the ${found.origin}` };
  }
  return null;
}

function notFollowed(holder: string): MemoryError {
  return new MemoryError(
    "unavailable",
    `The model is chosen, but ${holder}, which does the store's background work, makes no vectors of it yet: its ` +
      "health answer says why; a process of an older version must be restarted",
  );
}
