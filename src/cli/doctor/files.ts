/**
 * Checks that other users of the machine can't read, change or lock what Unimem keeps.
 *
 * @module
 */

import { type Config, placesOf } from "../../config.ts";
import { closeExposed, type Exposure, findExposed } from "../../operations/exposure.ts";
import { type NamedResult, ok, skipped, warning } from "./check.ts";

/** @param fix Whether to take the rights of others away, as far as that is Unimem's to decide. */
export async function checkFiles(config: Config, fix: boolean): Promise<NamedResult[]> {
  if (Deno.build.os === "windows") {
    const message = "Not checked: rights to files of Windows are those of their folder";
    return [skipped("files", message)];
  }
  const places = placesOf(config), found = await findExposed(places);
  const left = fix ? await closeExposed(places, found) : found;
  const closed = [...found.files, ...found.folders].filter((path) => !all(left).includes(path));
  const checks: NamedResult[] = closed.map((path) => ok("files", `Closed to other users: ${path}`));
  if (left.files.length > 0) {
    checks.push(
      warning(
        "files",
        `Other users have rights to ${left.files.join(", ")}`,
        "Run `unimem doctor --fix`, or chmod 600",
      ),
    );
  }
  for (const folder of left.folders) {
    checks.push(
      warning(
        "files",
        `Other users have rights to the folder ${folder}`,
        fix
          ? "It holds other files too; chmod 700 it if no other user needs them, or keep the store in a folder of its own"
          : "Run `unimem doctor --fix`, or chmod 700",
      ),
    );
  }
  return checks.length > 0 ? checks : [ok("files", "Closed to other users")];
}

function all({ files, folders }: Exposure): string[] {
  return [...files, ...folders];
}
