/**
 * `connect`: prints what a client needs to reach this service, or writes it into the client's settings.
 *
 * @module
 */

import { Argument, type Command, InvalidArgumentError } from "commander";
import type { Config } from "../../config.ts";
import { MemoryError } from "../../errors.ts";
import { type ClientContext, examples, pathOf, show } from "../context.ts";
import { AGENTS_MD, runAgentsMd } from "./agents_md.ts";
import type { Client, Server, Settings } from "./client.ts";
import type { HookOutcome, HookPlan } from "./hook_files.ts";
import { CLIENTS } from "./table.ts";

interface Options {
  name: string;
  stdio?: boolean;
  write?: boolean;
  test?: boolean;
  withHooks?: boolean;
  remove?: boolean;
  file?: string;
  user?: boolean;
  yes?: boolean;
  key?: string;
  showKey?: boolean;
  json?: boolean;
}

/** The variable that holds the key, here and in clients' settings. */
const KEY = "MCP_API_KEY";

/** Adds the command. */
export function addConnect(program: Command, context: ClientContext): void {
  const choices = [...Object.keys(CLIENTS), AGENTS_MD];
  program.command("connect").addArgument(
    // In any case, as people write their names.
    new Argument("<client>", "which client").choices(choices).argParser((name) => clientNamed(name, choices)),
  )
    .description("print or write the settings of a client")
    .option("--write", "into the client's settings file; other entries stay, and the old file is kept beside it")
    .option("--yes", "replace an entry of this name without asking").option("--file <path>", "another settings file")
    .option("--user", "for all your projects, where the client keeps those apart")
    .option("--name <name>", "what the client calls the service", "unimem")
    .option("--stdio", "let the client start the service itself, even if it could use the running one")
    .option("--with-hooks", "set up capture of sessions and recall too, where the client has hooks")
    .option("--remove", "take out what was put in: the entry, with --with-hooks the hooks too")
    .option("--test", "try it: store, find and delete one memory as the client would")
    .option("--key <variable>", `the variable that holds the client's key (default: ${KEY}); - asks for the key itself`)
    .option("--show-key", "with the key itself instead of its variable's name").option("--json", "print as JSON")
    .addHelpText(
      "after",
      `\nClients:\n${
        Object.entries(CLIENTS).map(([name, { title }]) => `  ${name.padEnd(15)} ${title}`).join("\n")
      }\n` +
        `  ${AGENTS_MD.padEnd(15)} instructions for agents without hooks, in this project's AGENTS.md\n${
          examples([
            "connect cursor",
            "connect claude-desktop --write",
            "connect codex --test",
            "connect claude-code --with-hooks --write",
            "connect vscode --write --yes --show-key",
            "--space atlas connect cursor --name atlas --key ATLAS_KEY --write",
            "connect agents-md --write",
          ])
        }`,
    )
    .action((name: string, options: Options) =>
      name === AGENTS_MD ? runAgentsMd(context, options) : runConnect(context, name, options)
    );
}

async function runConnect(context: ClientContext, id: string, given: Options): Promise<void> {
  await context.load();
  const options = await withKey(context, given);
  const client = CLIENTS[id]!, server = serverFor(context, client, id, options);
  const settings = client.settings(options.name, server), file = fileOf(context, client, id, options);
  if (options.remove) return await runRemove(context, settings, id, file, options);
  if (options.test) return await runTest(context, client, id, file, options);
  const hooks = await plannedHooks(context, id, options);
  if (!options.write) {
    const notes = notesFor(client, server, file, options);
    const text = await textOf(settings);
    return show(context, options.json, { client: id, file, server, settings, hooks }, () => [
      ...file === null ? [] : [`${file}:`, ""],
      text,
      ...hooks === null
        ? []
        : ["", `${hooks.file}:`, "", hooks.text?.trimEnd() ?? "", ...hooks.note === null ? [] : ["", hooks.note]],
      ...notes.length > 0 ? ["", ...notes] : [],
    ]);
  }
  if (file === null || settings.format === "text") {
    throw new MemoryError(
      "invalid_input",
      `Cannot write settings of ${id}: it has no file to write; leave --write out`,
    );
  }
  const { edited, readSettings, writeSettings } = await import("./edit.ts");
  const edit = edited(await readSettings(file), settings, file);
  if (
    edit.outcome === "replaced" && !options.yes &&
    !context.ask(`${file} has another entry "${options.name}". Replace it?`)
  ) {
    throw new MemoryError(
      "refused",
      `Cannot write "${file}": it has another entry "${options.name}"; --yes replaces it`,
      {
        value: file,
      },
    );
  }
  const kept = edit.outcome === "unchanged" ? null : await writeSettings(file, edit.text, new Date());
  const written = await writeHooks(context, id, options);
  show(context, options.json, { client: id, file, outcome: edit.outcome, kept, hooks: written }, () => [
    edit.outcome === "unchanged" ? `${file} says so already` : `Wrote ${file}; start ${client.title} again`,
    ...kept === null ? [] : [`The old file is ${kept}`],
    ...written?.lines ?? [],
    ...notesFor(client, server, null, options),
  ]);
}

/** What becomes of the client's hooks; null where they aren't asked for. What can't be done fails before anything is. */
async function plannedHooks(context: ClientContext, id: string, options: Options): Promise<HookPlan | null> {
  if (!options.withHooks) return null;
  const { planHooks } = await import("./hook_files.ts");
  return await planHooks(context, id, options, options.remove ?? false);
}

/** Plans again, since the client's entry may have gone into the same file, and applies the plan. */
async function writeHooks(context: ClientContext, id: string, options: Options): Promise<HookOutcome | null> {
  const plan = await plannedHooks(context, id, options);
  if (plan === null) return null;
  const { carryOut } = await import("./hook_files.ts");
  return await carryOut(plan);
}

/** Takes the entry, and with `--with-hooks` the hooks, out of the client's files. */
async function runRemove(
  context: ClientContext,
  settings: Settings,
  id: string,
  file: string | null,
  options: Options,
): Promise<void> {
  if (file === null || settings.format === "text" || settings.format === "file") {
    throw new MemoryError("invalid_input", `Cannot remove settings of ${id}: take them out by hand`);
  }
  const { editedWithout, readSettings, writeSettings } = await import("./edit.ts");
  await plannedHooks(context, id, options);
  const before = await readSettings(file), text = editedWithout(before, settings.format, settings.path, file);
  const kept = text === before ? null : await writeSettings(file, text, new Date());
  const hooks = await writeHooks(context, id, options);
  show(context, options.json, { client: id, file, removed: text !== before, kept, hooks }, () => [
    text === before ? `${file} has no entry "${options.name}"` : `Took "${options.name}" out of ${file}`,
    ...kept === null ? [] : [`The old file is ${kept}`],
    ...hooks === null ? [] : hooks.lines,
  ]);
}

/** Calls, or starts, what the client would; the key comes from the settings here, as its environment should have it. */
async function runTest(
  context: ClientContext,
  client: Client,
  id: string,
  file: string | null,
  options: Options,
): Promise<void> {
  const settings = client.settings(options.name, serverFor(context, client, id, options));
  const server = serverFor(context, client, id, { ...options, showKey: true });
  const { tryConnection } = await import("./trial.ts"), trial = await tryConnection(server);
  const entry = file === null || settings.format === "text"
    ? null
    : await entryIn(file, settings, client, server, options);
  show(context, options.json, { client: id, file, entry, server, trial }, () => [
    `${trial.server} answers ${server.kind === "http" ? `on ${server.url}` : "when it is started"}: connected in ` +
    `${trial.connected_ms} ms; stored, found and deleted one memory in ${trial.called_ms} ms`,
    ...entry === "unchanged" ? [`${file} says the same`] : [],
    ...entry === "added" ? [`${file} has no entry "${options.name}" yet; --write puts it there`] : [],
    ...entry === "replaced" ? [`${file} has another entry "${options.name}"; --write replaces it`] : [],
  ]);
}

/** What writing would do to the file's entry, with the key or with its variable. */
async function entryIn(
  file: string,
  settings: Exclude<Settings, { format: "text" }>,
  client: Client,
  server: Server,
  { name }: Options,
): Promise<"added" | "replaced" | "unchanged"> {
  const { edited, readSettings } = await import("./edit.ts");
  const text = await readSettings(file), { outcome } = edited(text, settings, file);
  const withKey = client.settings(name, server);
  if (outcome !== "replaced" || withKey.format === "text") return outcome;
  return edited(text, withKey, file).outcome;
}

/**
 * The client that a name means, whatever its case.
 *
 * @throws {InvalidArgumentError} for none.
 */
function clientNamed(name: string, choices: readonly string[]): string {
  const found = choices.find((choice) => choice === name.toLowerCase());
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
}

/** The settings file; null where there is none. */
function fileOf(context: ClientContext, client: Client, id: string, { file, user }: Options): string | null {
  if (file !== undefined) return pathOf(context, file);
  if (!user) return client.file?.(context.place) ?? null;
  if (client.userFile !== undefined) return client.userFile(context.place);
  throw new MemoryError("invalid_input", `Cannot use --user with ${id}: it has one place for all projects`);
}

function serverFor(
  context: ClientContext,
  client: Client,
  id: string,
  options: Options & { token?: string },
): Server {
  const config = context.config(), { stdio = false, showKey = false } = options;
  if (!client.httpOnly && (stdio || client.stdioOnly || config.mcp.transport !== "http")) {
    const [command, ...args] = context.place.launcher, env: Record<string, string> = {};
    for (const { name, origin, value, secret } of context.origins()) {
      // No key is asked for over standard input and output.
      if (origin === "default" || name === KEY) continue;
      // The client starts the service elsewhere, where there is no `.env` of this folder.
      const hidden = client.variable === null ? `set-${name}-here` : client.variable(name);
      if (!secret) env[name] = value!;
      else env[name] = showKey ? context.environment()[name] ?? hidden : hidden;
    }
    if (options.key !== undefined) {
      const reason = "it starts the service itself, which asks for no key then";
      throw new MemoryError("invalid_input", `Cannot use --key with ${id}: ${reason}`, { field: "--key" });
    }
    const spaces = context.reach().spaces;
    if (spaces !== null) env.MCP_SPACE = spaces.join(",");
    return { kind: "stdio", command: command!, args: [...args, "stdio"], env };
  }
  if (stdio) throw new MemoryError("invalid_input", `Cannot use --stdio with ${id}: it starts no commands`);
  return { kind: "http", url: urlOf(config, context.reach().spaces), ...keyOf(context, client, options) };
}

/** Names of variables, as shells take them. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The options with the key that `--key -` asks for.
 *
 * @throws {MemoryError} `invalid_input` for what names no variable, such as the key itself.
 */
async function withKey(context: ClientContext, options: Options): Promise<Options & { token?: string }> {
  const { key } = options;
  if (key === undefined || VARIABLE.test(key)) return options;
  if (key !== "-") {
    const reason = "name the variable that holds the key, for the key itself would stay in the shell's history";
    throw new MemoryError("invalid_input", `Cannot use --key: ${reason}`, { field: "--key" });
  }
  const token = (await context.secret("The client's key: ")).trim();
  if (token === "") throw new MemoryError("invalid_input", "Cannot use --key -: standard input holds no key");
  return { ...options, token };
}

/** The client's key, or what its settings call the variable that holds it. */
function keyOf(
  context: ClientContext,
  client: Client,
  { key: given, token, showKey = false }: Options & { token?: string },
): { key: string | null; variable?: string } {
  const { apiKey } = context.config().access, variable = given ?? KEY;
  if (token !== undefined) return { key: token };
  if (given === undefined && apiKey === null) return { key: null };
  if (!showKey) return { key: client.variable?.(variable) ?? variable, variable };
  const key = given === undefined ? apiKey : context.environment()[variable];
  if (key) return { key };
  throw new MemoryError("invalid_input", `Cannot show the key: ${variable} is not set here`, { field: "--key" });
}

/** The address of the MCP server, or of spaces of it, as a client on this machine reaches it. */
function urlOf({ mcp: { host, port }, tls }: Config, spaces: readonly string[] | null): string {
  if (port === 0) {
    throw new MemoryError("configuration", "Cannot tell the service's address: MCP_SERVER_PORT=0 takes any free port");
  }
  const name = /^(0\.0\.0\.0|\[?::\]?)$/.test(host)
    ? "127.0.0.1"
    : host.includes(":") && !host.startsWith("[")
    ? `[${host}]`
    : host;
  const path = spaces === null ? "/mcp" : `/s/${spaces.join(",")}/mcp`;
  return `${tls ? "https" : "http"}://${name}:${port}${path}`;
}

function notesFor(
  client: Client,
  server: Server,
  file: string | null,
  { key, showKey, write }: Options,
): string[] {
  const needsKey = server.kind === "http"
    ? server.key !== null
    : Object.keys(server.env).some((name) => /KEY$/.test(name));
  return [
    ...needsKey && !showKey && key !== "-" && !client.httpOnly
      ? [
        client.variable === null
          ? "Put the key in by hand, or say --show-key"
          : `${key ?? KEY} must be in ${
            client.variableIn ?? "the client's environment"
          }; --show-key puts the key itself in`,
      ]
      : [],
    ...file !== null && !write ? ["--write puts it there"] : [],
  ];
}

async function textOf(settings: Settings): Promise<string> {
  if (settings.format === "text" || settings.format === "file") return settings.text.trimEnd();
  const { edited } = await import("./edit.ts");
  return edited("", settings, "new").text.trimEnd();
}
