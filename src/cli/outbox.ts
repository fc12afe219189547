/**
 * `outbox`: what waits for a store that is away, and what the store refused.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import type { OutboxContents } from "../operations/outbox.ts";
import { type CliContext, examples, show } from "./context.ts";

interface Options {
  json?: boolean;
  all?: boolean;
}

/** Adds the command. */
export function addOutbox(program: Command, context: CliContext): void {
  const outbox = program.command("outbox").description("writes that wait for Qdrant, and those it refused")
    .addHelpText("after", examples(["outbox list", "outbox retry 17 18", "outbox drop --all"]));

  outbox.command("list").description("how many wait, and what was set aside").option("--json", "print it as JSON")
    .addHelpText("after", examples(["outbox list", "outbox list --json"]))
    .action(({ json }: Options) =>
      withOutbox(context, (contents) => {
        const { pending, bytes } = contents.fill, refused = contents.refused();
        const setAside = refused.map(({ id, write, queued_at, refused_at, error }) => {
          const content_hash = write.kind === "store" ? write.memory.content_hash : write.hash;
          return { id, kind: write.kind, content_hash, queued_at, refused_at, error };
        });
        show(context, json, { pending, bytes, set_aside: setAside }, () => [
          `${pending} writes wait, ${setAside.length} were set aside`,
          ...setAside.map(({ id, kind, content_hash, error }) => `${id}  ${kind}  ${content_hash}  ${error}`),
        ]);
      })
    );

  add(
    "retry",
    "send writes that were set aside again, behind all others",
    "Sent",
    (contents, ids) => contents.retry(ids),
  );
  add("drop", "forget writes that were set aside", "Forgot", (contents, ids) => contents.drop(ids));

  function add(
    name: string,
    description: string,
    done: string,
    run: (contents: OutboxContents, ids: number[]) => number,
  ): void {
    outbox.command(`${name} [ids...]`).description(description).option("--all", "all of them")
      .option("--json", "print the result as JSON")
      .addHelpText("after", examples([`outbox ${name} 17`, `outbox ${name} --all`]))
      .action((ids: string[], { all, json }: Options) =>
        withOutbox(context, (contents) => {
          if (!all && ids.length === 0) throw usage("Name the writes, or say --all");
          const count = run(contents, all ? contents.refused().map(({ id }) => id) : ids.map(idOf));
          show(context, json, { count }, () => [`${done} ${count} writes`]);
        })
      );
  }
}

async function withOutbox(context: CliContext, run: (contents: OutboxContents) => void): Promise<void> {
  const contents = await context.openOutbox(context.config());
  try {
    run(contents);
  } finally {
    contents.close();
  }
}

function idOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usage(`"${text}" is no number of a write; unimem outbox list shows them`);
}

function usage(message: string): MemoryError {
  return new MemoryError("invalid_input", message);
}
