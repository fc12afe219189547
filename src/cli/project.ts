/**
 * `project`: which space the sessions of a folder's project go to.
 *
 * @module
 */

import type { Command } from "commander";
import { HookFolder } from "../hooks/folder.ts";
import { chooseSpace, chosenSpaces, projectOf } from "../hooks/project.ts";
import { SpaceName } from "../memory/space.ts";
import { check, type ClientContext, dataFolderOf, examples, pathOf, show } from "./context.ts";

interface Options {
  space?: string;
  reset?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addProject(program: Command, context: ClientContext): void {
  program.command("project [folder]").description("show or choose the space that a project's sessions go to")
    .option("--use <name>", "the space to use from now on; what is stored stays where it is")
    .option("--reset", "name it after the repository or the folder again").option("--json", "print it as JSON")
    .addHelpText("after", examples(["project", "project ~/work/atlas --use atlas", "project --reset"]))
    .action((folder: string | undefined, { use, reset, json }: Options & { use?: string }) => {
      const hooks = new HookFolder(dataFolderOf(context)), path = pathOf(context, folder ?? ".");
      const { key } = projectOf(path);
      if (use !== undefined) chooseSpace(hooks, key, check(SpaceName, use, { "": "--use" }));
      else if (reset) chooseSpace(hooks, key, null);
      const chosen = chosenSpaces(hooks), { space } = projectOf(path, chosen);
      show(context, json, { project: key, space, chosen: Object.hasOwn(chosen, key) }, () => [
        `Project  ${key}`,
        `Space    ${space}${Object.hasOwn(chosen, key) ? ", as chosen" : ""}`,
      ]);
    });
}
