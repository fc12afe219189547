/**
 * `hook`: what clients call at their events, and how that fares.
 *
 * @module
 */

import { Argument, type Command, Option } from "commander";
import { MemoryError } from "../errors.ts";
import { HOOK_CLIENTS, type HookClient } from "../hooks/event.ts";
import { HookFolder } from "../hooks/folder.ts";
import { IGNORE_KINDS, type IgnoreKind, ignoreRules, setRule } from "../hooks/ignore.ts";
import { hookReport, linesOf } from "../hooks/report.ts";
import type { BulkDeleteOutput } from "../operations/bulk_delete.ts";
import { withService } from "./remote.ts";
import { type ClientContext, dataFolderOf, examples, pathOf, pathOrName, show } from "./context.ts";

/** Fewest characters of a rule beside `*`: shorter ones would leave nothing to keep. */
const SHORTEST_RULE = 3;

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
  const ignore = hook.command("ignore").description(
    "what is kept out of capture: projects, paths that tools work on, texts",
  ).addHelpText("after", examples(["hook ignore list", 'hook ignore add path "*/secrets/*"']));
  ignore.command("list").description("the rules").option("--json", "print them as JSON")
    .addHelpText("after", examples(["hook ignore list"]))
    .action(({ json }: Options) => {
      const rules = ignoreRules(new HookFolder(dataFolderOf(context)));
      const lines = IGNORE_KINDS.flatMap((kind) => rules[kind].map((rule) => `${kind} ${rule}`));
      show(context, json, rules, () => lines.length === 0 ? ["Nothing is ignored"] : lines);
    });
  const ruled = (name: "add" | "remove", description: string) =>
    ignore.command(name).description(description)
      .addArgument(new Argument("<kind>", "what the rule is about").choices(IGNORE_KINDS))
      .argument("<rule>", "a folder or a repository's address, a path, or a text; * stands for anything within a line")
      .addHelpText(
        "after",
        examples([`hook ignore ${name} project ~/private`, `hook ignore ${name} path "*/secrets/*"`]),
      )
      .action((kind: IgnoreKind, given: string) => {
        const rule = kind === "project" ? pathOrName(context, given) : given;
        if (rule.replaceAll("*", "").trim().length < SHORTEST_RULE) {
          throw new MemoryError("invalid_input", `Cannot ignore "${rule}": name at least ${SHORTEST_RULE} characters`, {
            field: "<rule>",
            value: rule,
          });
        }
        setRule(new HookFolder(dataFolderOf(context)), kind, rule, name === "add");
        context.print(`${name === "add" ? "Ignored from now on" : "No longer ignored"}: ${kind} ${rule}`);
      });
  ruled("add", "keep something out of what is captured from now on");
  ruled("remove", "capture it again");
  hook.command("forget <session>").description(
    "delete what was captured of a session, past the trash, and capture no more of it",
  )
    .addOption(new Option("--client <name>", "whose session").choices(HOOK_CLIENTS).default("claude-code"))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples(["hook forget 5e551011-6b1c-4a5d-9d0c-0b7f3c1d2e4f", "hook forget 0199aa --client codex"]),
    )
    .action((session: string, options: Options) => runForget(context, session, options));
  hook.command("redact <file>").description("show what of a file would be taken out before it is stored").option(
    "--json",
    "print the counts as JSON",
  ).addHelpText("after", examples(["hook redact notes.md"]))
    .action((file: string, { json }: Options) => runRedact(context, pathOf(context, file), json));
}

function runStatus(context: ClientContext, json: boolean | undefined): void {
  const report = hookReport(new HookFolder(dataFolderOf(context))),
    { paused, waiting, waiting_bytes, clients } = report;
  show(context, json, report, () => [
    ...paused ? ["Paused: unimem hook resume goes on"] : [],
    ...clients.length === 0 ? ["No client has called a hook yet; unimem connect CLIENT --with-hooks sets them up"] : [],
    ...clients.flatMap(linesOf),
    ...waiting > 0 ? [`${waiting} captures (${waiting_bytes} bytes) wait for a service`] : [],
  ]);
}

async function runForget(context: ClientContext, session: string, { client, json }: Options): Promise<void> {
  const folder = new HookFolder(dataFolderOf(context)), { space, memory } = folder.session(client!, session);
  const dropped = folder.forget(client!, session), conversation_id = `${client}:${memory?.id ?? session}`;
  const reach = context.reach(), spaces = reach.spaces ?? (space === undefined ? null : [space]);
  const place = { ...context, reach: () => ({ ...reach, spaces }) };
  const { affected_count } = await withService(
    place,
    {},
    (service) => service.call<BulkDeleteOutput>("bulkDelete", { conversation_id, permanent: true }),
  );
  const turns = affected_count + dropped;
  show(context, json, { client, session, turns }, () => [`Forgot ${turns} turns of ${conversation_id}`]);
}

async function runRedact(context: ClientContext, file: string, json: boolean | undefined): Promise<void> {
  const { redact } = await import("../importers/secrets.ts");
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot read "${file}"`, { value: file, cause });
  }
  const { text: shown, redactions } = await redact(text);
  show(context, json, { file, redactions }, () => shown.trimEnd().split("\n"));
}
