/**
 * `stats` and `config`.
 *
 * @module
 */

import type { Command } from "commander";
import type { Runtime } from "../operations/runtime.ts";
import { type CliContext, examples, megabytes, paint, show, withRuntime } from "./context.ts";

interface Options {
  json?: boolean;
}

/** Tags and types that are listed. */
const LISTED = 10;

/** Adds the commands. */
export function addState(program: Command, context: CliContext): void {
  program.command("stats").description("figures about the store").option("--json", "print them as JSON")
    .addHelpText("after", examples(["stats", "stats --json"]))
    .action(async ({ json }: Options) => {
      const facts = await withRuntime(context, figures);
      const day = (time: number | null) => time === null ? "-" : new Date(time * 1000).toISOString().slice(0, 10);
      const counts = (list: { value: string | null; count: number }[]) =>
        list.map(({ value, count }) => `${value ?? "none"} ${count}`).join(", ") || "-";
      show(context, json, facts, () => [
        `Store     ${facts.backend} ${facts.details.path ?? facts.details.url ?? ""}`,
        `Memories  ${facts.total_memories}, from ${day(facts.oldest)} to ${day(facts.newest)}`,
        `Trash     ${facts.trashed}`,
        `Vectors   ${facts.embedded} by ${facts.model ?? "no model yet"}`,
        `Tags      ${facts.unique_tags}: ${counts(facts.tags)}`,
        `Types     ${counts(facts.types)}`,
        ...facts.size_bytes === null ? [] : [`Size      ${megabytes(facts.size_bytes)}`],
      ]);
    });

  program.command("config").description("the settings in effect, and where each comes from")
    .option("--json", "print them as JSON").addHelpText("after", examples(["config", "config --json"]))
    .action(({ json }: Options) => {
      // Checked first: values that can't be used are no settings in effect.
      const effective = JSON.parse(JSON.stringify(context.config(), hideSecrets));
      const settings = context.origins().map((setting) => ({ ...setting, value: hideUser(setting.value) }));
      show(
        context,
        json,
        { settings, effective },
        () =>
          settings.map(({ name, value, origin, file, secret, default: fallback }) => {
            if (origin === "default") {
              return paint(context, "dim", `${name}  (default: ${fallback.replaceAll("`", "")})`);
            }
            return `${paint(context, "bold", name)}=${secret ? "(secret)" : value}  (${file ?? origin})`;
          }),
      );
    });
}

async function figures({ storage }: Runtime) {
  const newest = { filter: {}, offset: 0, limit: 1 };
  const [stats, coverage, tags, types, trash, last, first] = await Promise.all([
    storage.stats(),
    storage.vectorCoverage(),
    storage.countByValue("tags", {}),
    storage.countByValue("memory_type", {}),
    storage.listTrash({ offset: 0, limit: 0 }),
    storage.list(newest),
    storage.list({ ...newest, order: "oldest" }),
  ]);
  return {
    backend: storage.backend,
    ...stats,
    trashed: trash.total,
    embedded: coverage.embedded,
    model: coverage.active?.name ?? null,
    oldest: first.memories[0]?.created_at ?? null,
    newest: last.memories[0]?.created_at ?? null,
    tags: tags.slice(0, LISTED),
    types: types.slice(0, LISTED),
  };
}

function hideSecrets(name: string, value: unknown): unknown {
  if (/key$/i.test(name) && !/file/i.test(name) && typeof value === "string") return "(secret)";
  return typeof value === "string" ? hideUser(value) : value;
}

/** An address without the name and password in it. */
function hideUser<T extends string | null>(value: T): T | string {
  return value?.replace(/^(https?:\/\/)[^/@\s]*@/, "$1(secret)@") ?? value;
}
