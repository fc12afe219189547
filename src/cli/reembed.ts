/**
 * `reembed`: makes vectors.
 *
 * @module
 */

import type { Command } from "commander";
import type { Config } from "../config.ts";
import type { Runtime } from "../operations/runtime.ts";
import { allowEndpoint } from "../operations/endpoint_consent.ts";
import { type CliContext, examples, pathOrName, show } from "./context.ts";
import { type Progress, progress } from "./progress.ts";

interface Options {
  all?: boolean;
  model?: string;
  json?: boolean;
}

interface Done {
  memories: number;
  embedded: number;
  model: string;
}

/** Memories embedded between two writes to the store. */
const BATCH = 32;

/** Adds the command. */
export function addReembed(program: Command, context: CliContext): void {
  program.command("reembed").description("make missing vectors, or all of them again for another model")
    .option("--all", "also those that are there already, by the same model")
    .option(
      "--model <name>",
      "by this model instead of MCP_MEMORY_EMBEDDING_MODEL; set that too, afterwards, or see `model`",
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["reembed", "reembed --all", "reembed --model Xenova/bge-small-en-v1.5"]))
    .action(async ({ all = false, model, json }: Options) => {
      const config = context.config();
      const done = await reembed(
        context,
        model === undefined ? config : withModel(config, pathOrName(context, model)),
        all,
      );
      show(context, json, done, () => [`${done.embedded} of ${done.memories} memories have vectors of ${done.model}`]);
    });
}

function withModel(config: Config, model: string): Config {
  const { embedding } = config;
  // What the command names comes before what was chosen for the store.
  const named = embedding.provider === "local" ? { ...embedding, model, byDefault: false } : { ...embedding, model };
  return { ...config, embedding: named };
}

async function reembed(context: CliContext, config: Config, all: boolean): Promise<Done> {
  const runtime = await context.openRuntime(config), bar = progress(context, "Embedding", "memories");
  const { embedding } = config;
  // Who runs the command with these settings asks for it.
  if (embedding.provider === "openai") await allowEndpoint(runtime.storage, new URL(embedding.url).host);
  const work = context.startWork(runtime, config, context.log);
  try {
    const { id, name } = await runtime.embeddings.configured.ready();
    while (true) {
      context.signal.throwIfAborted();
      const { active, memories, embedded } = await runtime.storage.vectorCoverage();
      if (active?.id === id && embedded >= memories) {
        if (all) await again(runtime, id, memories, bar, context.signal);
        return { memories, embedded, model: name };
      }
      bar.at(runtime.embeddings.reembedding?.done ?? embedded, memories);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    bar.end();
    await context.close(runtime, work.stop);
  }
}

/** Makes every memory's vectors again; the old ones serve until theirs are there. */
async function again(
  { storage, embeddings }: Runtime,
  model: string,
  total: number,
  bar: Progress,
  signal: AbortSignal,
): Promise<void> {
  let done = 0;
  for (let after: string | null = null, more = true; more;) {
    signal.throwIfAborted();
    const { memories, next } = await storage.scan(after, BATCH);
    await storage.addVectors(
      await Promise.all(memories.map(async ({ content_hash, content }) => ({
        content_hash,
        vectors: { model, chunks: await embeddings.configured.embedPassage(content) },
      }))),
    );
    bar.at(done += memories.length, total);
    [after, more] = [next, next !== null];
  }
}
