/**
 * `keys`: named keys for those who call the service.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { RIGHTS } from "../access/caller.ts";
import {
  createKey,
  CreateKeyInput,
  type KeyView,
  listKeys,
  type NewKeyOutput,
  revokeKey,
  rotateKey,
  RotateKeyInput,
} from "../operations/keys/manage.ts";
import { check, type CliContext, examples, show, withRuntime } from "./context.ts";
import { collect } from "./filters.ts";

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
const OPTIONS = { name: "<name>", rights: "--rights", write: "--write", read: "--read", expires_in_days: "--expires" };

/** Adds the command. */
export function addKeys(program: Command, context: CliContext): void {
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
      const input = check(CreateKeyInput, inputOf(name, options), OPTIONS);
      await withRuntime(context, async (runtime) => shown(context, options.json, await createKey(runtime, input)));
    });

  keys.command("list").description("all keys, without their tokens").option("--json", "print them as JSON")
    .addHelpText("after", examples(["keys list", "keys list --json"]))
    .action(({ json }: { json?: boolean }) =>
      withRuntime(context, async (runtime) => {
        const found = await listKeys(runtime);
        show(context, json, found, () => found.keys.length === 0 ? ["There are no keys"] : found.keys.map(line));
      })
    );

  keys.command("rotate").argument("<key>", "its id or name")
    .description("give a key a new token; the old one stays valid for a while")
    .option("--overlap <seconds>", "how long, up to 30 days; 0 ends it now", "86400")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["keys rotate laptop", "keys rotate laptop --overlap 0"]))
    .action(async (key: string, { overlap, json }: { overlap: string; json?: boolean }) => {
      const input = check(RotateKeyInput, { overlap_seconds: Number(overlap) }, { overlap_seconds: "--overlap" });
      await withRuntime(context, async (runtime) => shown(context, json, await rotateKey(runtime, key, input)));
    });

  keys.command("revoke").argument("<key>", "its id or name")
    .description("end a key; its streams end within two seconds").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["keys revoke laptop", "keys revoke 3f9c2a81d04b"]))
    .action((key: string, { json }: { json?: boolean }) =>
      withRuntime(context, async (runtime) => {
        const result = await revokeKey(runtime, key);
        show(context, json, result, () => [result.message]);
      })
    );
}

function inputOf(name: string, options: CreateOptions): unknown {
  const number = (text: string | undefined) => text === undefined ? undefined : Number(text);
  const limits = {
    requests_per_minute: number(options.requests),
    memories: number(options.memories),
    bytes: number(options.bytes),
  };
  return {
    name,
    rights: options.rights,
    write: spacesOf(options.write),
    read: spacesOf(options.read),
    expires_in_days: number(options.expires),
    ...Object.values(limits).some((limit) => limit !== undefined) ? { limits } : {},
  };
}

/** A space may be named `all` nowhere: the word stands for every one. */
function spacesOf(names: string[] | undefined): string[] | "all" | undefined {
  return names?.includes("all") ? "all" : names;
}

function shown(context: CliContext, json: boolean | undefined, result: NewKeyOutput): void {
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
