/**
 * `keys`: named keys for those who call the service.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { RIGHTS } from "../access/caller.ts";
import type { KeysOutput, KeyView, NewKeyOutput } from "../operations/keys/manage.ts";
import { type ClientContext, examples, numberOf, show } from "./context.ts";
import { collect } from "./filters.ts";
import { orNone, withService } from "./remote.ts";

interface CreateOptions {
  rights: string;
  write?: string[];
  read?: string[];
  expires?: string;
  requests?: string;
  memories?: string;
  bytes?: string;
  json?: boolean;
}

/** The options behind the fields, for messages. */
const OPTIONS = {
  name: "<name>",
  rights: "--rights",
  write: "--write",
  read: "--read",
  expires_in_days: "--expires",
  overlap_seconds: "--overlap",
  "limits.requests_per_minute": "--requests",
  "limits.memories": "--memories",
  "limits.bytes": "--bytes",
};

/** Adds the command. */
export function addKeys(program: Command, context: ClientContext): void {
  const keys = program.command("keys").description("named keys: who may call the service, and what they may do")
    .addHelpText("after", examples(["keys create laptop --rights write", "keys list", "keys revoke laptop"]));

  keys.command("create").argument("<name>", "what it is called in logs and beside memories")
    .description("make a key and print its token, this once")
    .addOption(new Option("--rights <right>", "what it allows").choices(RIGHTS).makeOptionMandatory())
    .option(
      "--write <space>",
      "a space it may write to, or all; may be repeated (default: default, all for admin)",
      collect,
    )
    .option("--read <space>", "a space it may read besides, or all; may be repeated", collect)
    .option("--expires <days>", "days until it expires")
    .option("--requests <number>", "most requests a minute, of each process that serves")
    .option("--memories <number>", "memories its writing space may hold for it to store more")
    .option("--bytes <number>", "bytes of their contents, likewise")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        "keys create laptop --rights write",
        "keys create ci --rights write --write project-a --read shared --expires 90",
        "keys create dashboard --rights admin --json",
      ]),
    )
    .action(async (name: string, options: CreateOptions) => {
      const input = inputOf(name, options);
      const made = await withService(
        context,
        { creates: true },
        (service) => service.call<NewKeyOutput>("createKey", input, OPTIONS),
      );
      shown(context, options.json, made);
    });

  keys.command("list").description("all keys, without their tokens").option("--json", "print them as JSON")
    .addHelpText("after", examples(["keys list", "keys list --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      const found = await withService(context, {}, (service) => service.call<KeysOutput>("listKeys"))
        .catch(orNone<KeysOutput>({ keys: [] }));
      show(context, json, found, () => found.keys.length === 0 ? ["There are no keys"] : found.keys.map(line));
    });

  keys.command("rotate").argument("<key>", "its id or name")
    .description("give a key a new token; the old one stays valid for a while")
    .option("--overlap <seconds>", "how long, up to 30 days; 0 ends it now", "86400")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["keys rotate laptop", "keys rotate laptop --overlap 0"]))
    .action(async (key: string, { overlap, json }: { overlap: string; json?: boolean }) => {
      const input = { id: key, overlap_seconds: numberOf("--overlap", overlap) };
      const made = await withService(
        context,
        {},
        (service) => service.call<NewKeyOutput>("rotateKey", input, OPTIONS),
      );
      shown(context, json, made);
    });

  keys.command("revoke").argument("<key>", "its id or name")
    .description("end a key; its streams end within two seconds").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["keys revoke laptop", "keys revoke 3f9c2a81d04b"]))
    .action(async (key: string, { json }: { json?: boolean }) => {
      const result = await withService(
        context,
        {},
        (service) => service.call<{ message: string }>("revokeKey", { id: key }),
      );
      show(context, json, result, () => [result.message]);
    });
}

function inputOf(name: string, options: CreateOptions): Record<string, unknown> {
  const number = (option: string, text: string | undefined) => text === undefined ? undefined : numberOf(option, text);
  const limits = {
    requests_per_minute: number("--requests", options.requests),
    memories: number("--memories", options.memories),
    bytes: number("--bytes", options.bytes),
  };
  return {
    name,
    rights: options.rights,
    write: spacesOf(options.write),
    read: spacesOf(options.read),
    expires_in_days: number("--expires", options.expires),
    ...Object.values(limits).some((limit) => limit !== undefined) ? { limits } : {},
  };
}

/** A space may be named `all` nowhere: the word stands for every one. */
function spacesOf(names: string[] | undefined): string[] | "all" | undefined {
  return names?.includes("all") ? "all" : names;
}

function shown(context: ClientContext, json: boolean | undefined, result: NewKeyOutput): void {
  show(context, json, result, () => [result.token]);
  if (!json) context.note(`${result.message}\n`);
}

function line({ id, name, rights, write, read, expires_at, expired, last_used, rotating_until }: KeyView): string {
  const spaces = rights === "read" ? `reads ${named(read)}` : `writes ${named(write)}, reads ${named(read)}`;
  const ends = expires_at === null ? [] : [`${expired ? "expired" : "expires"} ${expires_at.slice(0, 10)}`];
  const rotating = rotating_until === null ? [] : [`old token until ${rotating_until}`];
  const used = last_used === null ? "never used" : `used ${last_used.slice(0, 13)}h`;
  return `${id}  ${name}  ${rights}  ${[spaces, ...ends, ...rotating, used].join("; ")}`;
}

function named(spaces: readonly string[] | "all"): string {
  return spaces === "all" ? "all" : spaces.join(" ");
}
