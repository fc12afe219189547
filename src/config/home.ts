/**
 * `~` in paths. A shell expands it where it stands alone; in settings, in `.env` files, in `sqlite:~/x` and on Windows
 * nothing does.
 *
 * @module
 */

import { join } from "node:path";
import { MemoryError } from "../errors.ts";

/**
 * The path with a leading `~` or `~/` replaced by the home folder; on Windows `~\` too.
 *
 * @param home the user's home folder, where it is known.
 * @throws {MemoryError} `invalid_input` for another user's home, such as `~ada/x`, and where no home is known.
 */
export function expandHome(path: string, home: string | undefined): string {
  if (!path.startsWith("~")) return path;
  const [, name = "", rest = ""] = /^~([^/\\]*)(.*)$/s.exec(path)!;
  if (name !== "") {
    throw new MemoryError(
      "invalid_input",
      `Cannot use the path "${path}": "~${name}" stands for nothing; write the folder in full, or "./${path}"`,
      { value: path },
    );
  }
  if (home === undefined || home === "") {
    throw new MemoryError("invalid_input", `Cannot use the path "${path}": there is no HOME that ~ could stand for`, {
      value: path,
    });
  }
  return rest === "" ? home : join(home, rest.slice(1));
}

/** The user's home folder as the environment names it. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env.HOME || env.USERPROFILE || undefined;
}
