/**
 * `stats`, `config` and `reembed`.
 *
 * @module
 */

import type { Command } from "commander";
import { type CliContext, examples, show, withRuntime } from "./context.ts";
import { progress } from "./progress.ts";

interface Options {
  json?: boolean;
}

/** Adds the commands. */
export function addState(program: Command, context: CliContext): void {
  program.command("stats").description("figures about the store").option("--json", "print them as JSON")
    .addHelpText("after", examples(["stats", "stats --json"]))
    .action(async ({ json }: Options) => {
      const facts = await withRuntime(context, async ({ storage }) => {
        const [stats, coverage] = await Promise.all([storage.stats(), storage.vectorCoverage()]);
        return {
          backend: storage.backend,
          ...stats,
          embedded: coverage.embedded,
          model: coverage.active?.name ?? null,
        };
      });
      show(context, json, facts, () => [
        `Store     ${facts.backend} ${facts.details.path ?? facts.details.url ?? ""}`,
        `Memories  ${facts.total_memories}`,
        `Vectors   ${facts.embedded} by ${facts.model ?? "no model yet"}`,
        `Tags      ${facts.unique_tags}`,
        ...(facts.size_bytes === null ? [] : [`Size      ${(facts.size_bytes / 1e6).toFixed(1)} MB`]),
      ]);
    });

  program.command("config").description("the settings as they are understood").option("--json", "print them as JSON")
    .addHelpText("after", examples(["config", "config --json"]))
    .action(({ json }: Options) => {
      const shown = JSON.parse(JSON.stringify(context.config(), hideSecrets));
      show(context, json, shown, () => [JSON.stringify(shown, null, 2)]);
    });

  program.command("reembed").description("make missing vectors, or all of them anew for another model")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["reembed"]))
    .action(async ({ json }: Options) => {
      const done = await reembed(context);
      show(context, json, done, () => [`${done.embedded} of ${done.memories} memories have vectors of ${done.model}`]);
    });
}

function hideSecrets(name: string, value: unknown): unknown {
  return /key$/i.test(name) && !/file/i.test(name) && typeof value === "string" ? "(secret)" : value;
}

async function reembed(context: CliContext): Promise<{ memories: number; embedded: number; model: string }> {
  const config = context.config(), runtime = await context.openRuntime(config);
  const bar = progress(context, "Embedding", "memories"), work = context.startWork(runtime, config, context.log);
  try {
    const { id, name } = await runtime.embeddings.configured.ready();
    while (true) {
      context.signal.throwIfAborted();
      const { active, memories, embedded } = await runtime.storage.vectorCoverage();
      if (active?.id === id && embedded >= memories) return { memories, embedded, model: name };
      const { reembedding } = runtime.embeddings;
      bar.at(reembedding?.done ?? embedded, memories);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    bar.end();
    await context.close(runtime, work.stop);
  }
}
