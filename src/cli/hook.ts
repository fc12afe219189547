/**
 * `hook`: what clients call at their events, and how that fares.
 *
 * @module
 */

import { Argument, type Command, Option } from "commander";
import { MemoryError } from "../errors.ts";
import { HOOK_CLIENTS, type HookClient } from "../hooks/event.ts";
import { HookFolder } from "../hooks/folder.ts";
import { type ClientContext, dataFolderOf, examples, pathOf, show } from "./context.ts";

interface Options {
  json?: boolean;
  client?: HookClient;
}

/** Adds the command. */
export function addHook(program: Command, context: ClientContext): void {
  const hook = program.command("hook").description("capture of sessions and recall by clients' hooks").addHelpText(
    "after",
    examples([
      "hook status",
      "hook pause",
      "hook redact ~/.claude/projects/x/session.jsonl",
      "connect claude-code --with-hooks",
    ]),
  );
  hook.command("run").description("what a client calls; reads its event from standard input")
    .addArgument(new Argument("[event]", "start, prompt, turn, compact or end; by the input without it"))
    .addOption(new Option("--client <name>", "which client").choices(HOOK_CLIENTS).makeOptionMandatory())
    .addHelpText("after", examples(["hook run prompt --client claude-code < event.json"]))
    .action(async (event: string | undefined, { client }: Options) => {
      const { runHook } = await import("../hooks/hook.ts");
      const output = await runHook({
        client: client!,
        event: event ?? null,
        dataFolder: dataFolderOf(context),
        input: new Response(context.input).text(),
        cwd: context.place.cwd,
        home: context.place.home,
      });
      if (output !== "") context.print(output);
    });
  hook.command("status").description("when capture and recall last worked, for each client").option(
    "--json",
    "print it as JSON",
  ).addHelpText("after", examples(["hook status", "hook status --json"]))
    .action(({ json }: Options) => runStatus(context, json));
  const paused = (name: "pause" | "resume", description: string) =>
    hook.command(name).description(description).addHelpText("after", examples([`hook ${name}`])).action(() => {
      new HookFolder(dataFolderOf(context)).setPaused(name === "pause");
      context.print(name === "pause" ? "Nothing is captured or recalled until unimem hook resume" : "Hooks work again");
    });
  paused("pause", "capture and recall nothing for now");
  paused("resume", "go on after a pause");
  hook.command("redact <file>").description("show what of a file would be taken out before it is stored").option(
    "--json",
    "print the counts as JSON",
  ).addHelpText("after", examples(["hook redact notes.md"]))
    .action((file: string, { json }: Options) => runRedact(context, pathOf(context, file), json));
}

function runStatus(context: ClientContext, json: boolean | undefined): void {
  const folder = new HookFolder(dataFolderOf(context)), waiting = folder.waiting(), paused = folder.isPaused();
  const clients = HOOK_CLIENTS.map((client) => folder.status(client)).filter((status) =>
    status.captured_at !== null || status.recalled_at !== null || status.failures > 0
  );
  const bytes = waiting.reduce((sum, { size }) => sum + size, 0);
  show(context, json, { paused, waiting: waiting.length, waiting_bytes: bytes, clients }, () => [
    ...paused ? ["Paused: unimem hook resume goes on"] : [],
    ...clients.length === 0 ? ["No client has called a hook yet; unimem connect CLIENT --with-hooks sets them up"] : [],
    ...clients.map(({ client, captured, captured_at, recalled_at, failures, failure, failed_at }) =>
      [
        `${client}: ${captured} turns captured, last ${captured_at ?? "never"}; recalled last ${
          recalled_at ?? "never"
        }`,
        ...failures > 0 ? [`  ${failures} failures, last ${failed_at}: ${failure}`] : [],
      ].join("\n")
    ),
    ...waiting.length > 0 ? [`${waiting.length} captures (${bytes} bytes) wait for a service`] : [],
  ]);
}

async function runRedact(context: ClientContext, file: string, json: boolean | undefined): Promise<void> {
  const { redact } = await import("../hooks/secrets.ts");
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot read "${file}"`, { value: file, cause });
  }
  const { text: shown, redactions } = await redact(text);
  show(context, json, { file, redactions }, () => shown.trimEnd().split("\n"));
}
