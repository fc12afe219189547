/**
 * `demo`: the service over invented memories, in a folder of its own.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { type CliContext, examples, pathOf, show } from "./context.ts";
import { join } from "node:path";

interface Options {
  folder?: string;
  fillOnly?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addDemo(program: Command, context: CliContext): void {
  program.command("demo").description("try the service over invented memories, in a folder of its own")
    .option("--folder <path>", "where they are kept; a folder demo in the data folder without it")
    .option("--fill-only", "make the memories and don't serve").option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nOf the settings only MCP_HTTP_HOST, MCP_HTTP_PORT, MCP_SERVER_HOST, MCP_SERVER_PORT and those of the log count.\n" +
        examples(["demo", "demo --folder /tmp/unimem-demo"]),
    )
    .action((options: Options) => runDemo(context, options));
}

async function runDemo(context: CliContext, options: Options): Promise<void> {
  const folder = options.folder === undefined
    ? join(context.config().baseDir, "demo")
    : pathOf(context, options.folder);
  const runtime = await context.openRuntime(context.configIn(folder));
  let made = { memories: 0, documents: 0 };
  try {
    const { total_memories } = await runtime.storage.stats();
    // A folder that holds something else must not get invented memories.
    const isDemo = total_memories === 0 || await runtime.storage.note(MARK) !== null;
    if (!isDemo) {
      throw new MemoryError(
        "refused",
        `Cannot use "${folder}" for the demo: it holds ${total_memories} other memories`,
        {
          field: "--folder",
          value: folder,
        },
      );
    }
    if (total_memories === 0) {
      const { fillDemo } = await import("../operations/demo/fill.ts");
      await runtime.storage.changeNote(MARK, await runtime.storage.note(MARK), "1");
      made = await fillDemo(runtime);
    }
  } finally {
    await context.close(runtime);
  }
  show(context, options.json, { folder, ...made }, () => [
    made.memories === 0
      ? `The demo in ${folder} goes on`
      : `Made ${made.memories} memories and ${made.documents} documents in ${folder}`,
  ]);
  if (!options.fillOnly) await context.serve("unified", { folder });
}

/** The note by which a store says that its memories are invented. */
const MARK = "demo";
