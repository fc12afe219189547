/**
 * `trash`: what was deleted, taking it back, and deleting it for good.
 *
 * @module
 */

import type { Command } from "commander";
import type { EmptyTrashOutput, RestoreOutput, TrashOutput } from "../operations/trash.ts";
import { type ClientContext, examples, Failed, numberOf, paint, show } from "./context.ts";
import { OPTIONS } from "./filters.ts";
import { keyOf, line, shortKeys } from "./lines.ts";
import { emptyPage, orNone, withService } from "./remote.ts";

interface Options {
  limit: string;
  page: string;
  yes?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addTrash(program: Command, context: ClientContext): void {
  const trash = program.command("trash").description("deleted memories, which come back with one call")
    .addHelpText("after", examples(["trash list", "trash restore 3f2a9c81d0", "trash empty"]));

  trash.command("list").description("what was deleted, last deleted first")
    .option("-n, --limit <number>", "how many, up to 100", "10").option("-p, --page <number>", "which page", "1")
    .option("--json", "print them as JSON").addHelpText("after", examples(["trash list", "trash list --json"]))
    .action(async ({ limit, page, json }: Options) => {
      const input = { page: numberOf("--page", page), page_size: numberOf("--limit", limit) };
      const { result, short } = await withService(context, {}, async (service) => {
        const result = await service.call<TrashOutput>("listTrash", input, OPTIONS);
        return { result, short: await shortKeys(service, result.items.map(({ memory }) => memory)) };
      }).catch(
        orNone({ result: { items: [] as TrashOutput["items"], ...emptyPage(input) }, short: (key: string) => key }),
      );
      show(context, json, result, () => [
        ...result.items.map(({ memory, reason, kept_until_iso }) =>
          `${line(context, memory, short)}${
            paint(context, "dim", `  (${reason}; kept until ${kept_until_iso.slice(0, 10)})`)
          }`
        ),
        paint(context, "dim", `${result.items.length} of ${result.total} in the trash`),
      ]);
    });

  trash.command("restore").argument("<ids...>", "memories' ids, or their first 10 or more digits")
    .description("take memories back").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["trash restore 3f2a9c81d0"]))
    .action(async (ids: string[], { json }: Options) => {
      const content_hashes = ids.map((id) => keyOf(id, "<ids...>"));
      const result = await withService(
        context,
        {},
        (service) => service.call<RestoreOutput>("restoreMemories", { content_hashes }),
      );
      show(context, json, result, () => [
        result.message,
        ...result.not_found.map((key) => paint(context, "yellow", `The trash doesn't hold ${key}`)),
      ]);
      if (!result.success) throw new Failed();
    });

  trash.command("empty").argument("[ids...]", "only these; all without")
    .description("delete for good what is in the trash").option("-y, --yes", "without asking")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["trash empty", "trash empty 3f2a9c81d0 --yes"]))
    .action(async (ids: string[], { yes = false, json }: Options) => {
      const content_hashes = ids.map((id) => keyOf(id, "[ids...]"));
      const result = await withService(context, {}, async (service) => {
        if (ids.length === 0 && !yes) {
          const { total } = await service.call<TrashOutput>("listTrash", { page_size: 1 });
          if (total > 0 && !context.ask(`Delete ${total} memories for good?`)) {
            context.note("Nothing was deleted; --yes does it without a question\n");
            throw new Failed();
          }
        }
        const input = ids.length === 0 ? {} : { content_hashes: content_hashes.join(",") };
        return await service.call<EmptyTrashOutput>("emptyTrash", input);
      });
      show(context, json, result, () => [result.message]);
    });
}
