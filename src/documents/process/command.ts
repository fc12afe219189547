/**
 * How the process that parses documents is started: the binary that runs the service, with no right but to read its own
 * sources.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownBinary } from "../../own_binary.ts";
import { PARSE_COMMAND } from "./name.ts";

/** A command with its whole environment. */
export interface ParserCommand {
  path: string;
  args: string[];
  env: Record<string, string>;
}

/** What Deno needs to find its packages. Nothing of ours is among it: no key and no address. */
const DENO_VARIABLES = [
  ...["DENO_DIR", "HOME", "XDG_CACHE_HOME", "NPM_CONFIG_REGISTRY"],
  ...["USERPROFILE", "LOCALAPPDATA", "SYSTEMROOT"],
];
/** Where an executable unpacks itself when it can't do so beside itself. */
const UNPACKING_VARIABLES = ["HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "SYSTEMROOT"];
/** The command for this process. */
export function parserCommand(): ParserCommand {
  const path = ownBinary(), sources = import.meta.dirname!;
  if (Deno.build.standalone) {
    const isBeside = sources.startsWith(dirname(Deno.execPath()));
    return { path, args: [PARSE_COMMAND], env: isBeside ? {} : variables(UNPACKING_VARIABLES) };
  }
  const root = join(sources, "..", "..", "..");
  return {
    path,
    args: [
      ...["run", "--quiet", "--no-prompt", "--cached-only", "--frozen", "--config", join(root, "deno.json")],
      `--allow-read=${join(root, "src")}`,
      fileURLToPath(new URL("./child.ts", import.meta.url)),
    ],
    env: { ...variables(DENO_VARIABLES), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  };
}

function variables(names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
