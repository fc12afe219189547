/**
 * `login` and `logout`: keys of services on other machines, in a file for this user alone.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { type ClientContext, examples, show } from "./context.ts";
import { readKeys, serverUrl, writeKeys } from "./logins.ts";
import { serviceAt } from "./remote.ts";

interface Options {
  json?: boolean;
}

/** Adds the commands. */
export function addLogin(program: Command, context: ClientContext): void {
  program.command("login").argument("<url>", "address of the service, such as https://memory.example.com")
    .description("keep the key of a service that --server or UNIMEM_SERVER names")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `\nThe key is read from standard input, or asked for on a terminal.\n${
        examples(["login https://memory.example.com", "login https://memory.example.com < key.txt"])
      }`,
    )
    .action((url: string, { json }: Options) => runLogin(context, url, json));
  program.command("logout").argument("<url>", "address of the service").description("forget the key of a service")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["logout https://memory.example.com"]))
    .action((given: string, { json }: Options) => {
      const url = serverUrl(given), keys = readKeys(context), known = Object.hasOwn(keys, url);
      if (known) {
        delete keys[url];
        writeKeys(context, keys);
      }
      show(context, json, { url, removed: known }, () => [known ? `Removed the key of ${url}` : `No key of ${url}`]);
    });
}

async function runLogin(context: ClientContext, given: string, json: boolean | undefined): Promise<void> {
  const url = serverUrl(given), key = (await context.secret(`Key of ${url}: `)).trim();
  if (key === "") throw new MemoryError("invalid_input", "Cannot log in: standard input holds no key");
  const caller = await serviceAt(context, url, key).call<{ name: string; kind: string }>("whoami");
  // A service that needs no key takes any.
  if (caller.kind === "anonymous") {
    throw new MemoryError("refused", `Cannot log in to ${url}: it needs no key, and doesn't know this one`);
  }
  writeKeys(context, { ...readKeys(context), [url]: key });
  show(
    context,
    json,
    { url, ...caller },
    () => [`Kept the key "${caller.name}" of ${url}; --server ${url}, or UNIMEM_SERVER, uses it`],
  );
}
