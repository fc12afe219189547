/**
 * `tags`: the tags in use, and giving one another name.
 *
 * @module
 */

import type { Command } from "commander";
import type { RenameTagOutput } from "../operations/tag_stats.ts";
import { type ClientContext, examples, Failed, printable, show } from "./context.ts";
import { orNone, withService } from "./remote.ts";

interface Options {
  yes?: boolean;
  json?: boolean;
}

/** What REST answers with. */
interface TagList {
  tags: { tag: string; count: number }[];
}

/** Adds the command. */
export function addTags(program: Command, context: ClientContext): void {
  const tags = program.command("tags").description("the tags in use")
    .addHelpText("after", examples(["tags list", "tags rename infra infrastructure"]));
  tags.command("list").description("every tag with the number of its memories, most used first")
    .option("--json", "print them as JSON").addHelpText("after", examples(["tags list", "tags list --json"]))
    .action(async ({ json }: Options) => {
      const found = await withService(context, {}, (service) => service.call<TagList>("listTags"))
        .catch(orNone<TagList>({ tags: [] }));
      show(context, json, found, () => [
        ...found.tags.map(({ tag, count }) => `${String(count).padStart(6)}  ${printable(tag)}`),
        ...found.tags.length === 0 ? ["No tags"] : [],
      ]);
    });
  tags.command("rename").argument("<tag>").argument("<to>", "its new name; one in use already takes it in")
    .description("give a tag another name on every memory that has it").option("-y, --yes", "without asking")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["tags rename infra infrastructure", "tags rename todo done --yes"]))
    .action((tag: string, to: string, options: Options) => runRename(context, tag, to, options));
}

async function runRename(context: ClientContext, tag: string, to: string, { yes, json }: Options): Promise<void> {
  const result = await withService(context, {}, async (service) => {
    // Of writings that differ in case or accents alone each is renamed.
    const { total } = await service.call<{ total: number }>("listMemories", {
      tag: [tag],
      page_size: 1,
      include_superseded: true,
    });
    if (total > 0 && !yes && !context.ask(`Rename "${tag}" to "${to}" on ${total} memories?`)) {
      context.note("Nothing was renamed; --yes does it without a question\n");
      throw new Failed();
    }
    const input = { old_tag: tag, new_tag: to };
    return await service.call<RenameTagOutput>("renameTag", input, { new_tag: "<to>", old_tag: "<tag>" });
  });
  show(context, json, result, () => [result.message]);
  if (!result.success) throw new Failed();
}
