/**
 * The command line `unimem`: its commands, their help and examples.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import { MemoryError } from "../errors.ts";
import { spacesIn } from "../config.ts";
import { VERSION } from "../version.ts";
import { type CliContext, examples, type ServeOptions } from "./context.ts";
import { auditedCommands } from "./audited_command.ts";
import { addAudit } from "./audit.ts";
import { addBriefing } from "./briefing.ts";
import { addBackup } from "./backup.ts";
import { addCompletion } from "./completion.ts";
import { addConnect } from "./connect/connect.ts";
import { addCopy } from "./copy.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor/command.ts";
import { addGrants } from "./grants.ts";
import { addHook } from "./hook.ts";
import { addKeys } from "./keys.ts";
import { addMemories } from "./memories.ts";
import { addMoving } from "./moving.ts";
import { addModel } from "./model.ts";
import { addOptimize } from "./optimize.ts";
import { addOutbox } from "./outbox.ts";
import { addProject } from "./project.ts";
import { addReembed } from "./reembed.ts";
import { addSpaces } from "./spaces.ts";
import { addState } from "./state.ts";
import { addVersion } from "./version.ts";

/** The end of the help. */
const END = `
Settings come from the environment, --env-file, and .env beside the program or in the data folder; see docs/settings.md.
With --json, results are JSON on standard output and errors JSON on standard error.
Exit codes: 0 done, 1 a fault or something left out, 2 wrong arguments, settings or input,
  3 the store or a server can't be reached, 129 stopped by SIGHUP, 130 by Ctrl-C, 143 by SIGTERM.`;

const SERVERS: Record<string, string> = {
  unified: "REST and MCP servers over one storage (default)",
  http: "the REST server alone",
  mcp: "the MCP server alone, over HTTP",
  stdio: "the MCP server on standard input and output",
};

/** The table of commands. */
export function createProgram(given: CliContext): Command {
  const program = new Command("unimem")
    .description("Shared memory for AI agents")
    .version(VERSION, "-V, --version", "print the version")
    .option("--debug", "show where an error comes from")
    // Taken out of the arguments before they come here: settings are read first.
    .option("--env-file <path>", "read settings from this file too; those of the environment win")
    .option("--space <names>", "spaces to work in: the first is written to, all are read (default: MCP_SPACE)")
    .addHelpText("after", END)
    // Errors come back here instead of ending the process.
    .exitOverride()
    .configureOutput({ writeOut: (text) => given.print(text.trimEnd()), writeErr: () => {} });
  const spaces = () => {
    const { space } = program.opts<{ space?: string }>();
    return space === undefined ? given.spaces() : spacesIn(space);
  };
  const context: CliContext = { ...given, spaces };
  for (const [name, description] of Object.entries(SERVERS)) {
    const command = program.command(name).description(description);
    if (name === "stdio") {
      command.option("--tools <profile>", "serve all tools (full) or those no agent does without (core)");
    }
    command.addHelpText("after", examples(name === "stdio" ? [name, `${name} --tools core`] : [name]))
      .action((options: ServeOptions) => context.serve(name, { ...options, ...program.opts<{ space?: string }>() }));
  }
  const adders = [
    ...[addMemories, addMoving, addCopy, addBackup, addModel, addReembed, addOptimize, addState, addDoctor],
    ...[
      addBriefing,
      addKeys,
      addSpaces,
      addGrants,
      addOutbox,
      addAudit,
      addHook,
      addProject,
      addConnect,
      addDemo,
      addCompletion,
      addVersion,
    ],
  ];
  for (const add of adders) add(program, context);
  inherit(program);
  return program;
}

/** Settings of the program that commands were given before they were set. */
function inherit(command: Command): void {
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
    inherit(sub);
  }
}

/** The words that name a command, without the program's. */
function wordsOf(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) words.unshift(at.name());
  return words.join(" ");
}

/**
 * Runs one command.
 *
 * @throws {MemoryError} `configuration` for arguments that make no sense; whatever the command throws.
 */
export async function runCommand(args: string[], context: CliContext): Promise<void> {
  const audit = auditedCommands(context), program = createProgram(audit.context);
  program.hook("preAction", (_, command) => audit.begin(wordsOf(command)));
  const names = args.filter((arg) => !arg.startsWith("-"));
  const asked = args.some((arg) => ["-h", "--help", "-V", "--version"].includes(arg));
  try {
    await program.parseAsync(names.length === 0 && !asked ? ["unified", ...args] : args, { from: "user" });
    audit.end();
  } catch (error) {
    audit.end(error);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // help and version end this way
    const known = program.commands.find((command) => command.name() === names[0]);
    const subcommands = known?.commands.map((command) => command.name()).join(", ") ?? "";
    const unnamed = error.code === "commander.help" ||
      (error.code === "commander.excessArguments" && subcommands !== "");
    const reason = unnamed
      ? `name one of ${subcommands}`
      : error.message.replace(/^error: /, "").replace(/\n\((Did you mean .*)\)$/s, ". $1");
    throw new MemoryError(
      "configuration",
      `Cannot run "unimem ${args.join(" ")}": ${reason}\n\nunimem ${
        known ? `${known.name()} ` : ""
      }--help tells what there is`,
      { cause: error },
    );
  }
}
