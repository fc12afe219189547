/**
 * The command line `unimem`: its commands, their help and examples.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import { MemoryError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { type CliContext, examples } from "./context.ts";
import { addBackup } from "./backup.ts";
import { addDoctor } from "./doctor/command.ts";
import { addCopy } from "./copy.ts";
import { addMemories } from "./memories.ts";
import { addMoving } from "./moving.ts";
import { addOutbox } from "./outbox.ts";
import { addState } from "./state.ts";

const SERVERS: Record<string, string> = {
  unified: "REST and MCP servers over one storage (default)",
  http: "the REST server alone",
  mcp: "the MCP server alone, over HTTP",
  stdio: "the MCP server on standard input and output",
};

/**
 * Runs one command.
 *
 * @throws {MemoryError} `configuration` for arguments that make no sense; whatever the command throws.
 */
export async function runCommand(args: string[], context: CliContext): Promise<void> {
  const program = new Command("unimem")
    .description("Shared memory for AI agents")
    .version(VERSION, "-V, --version", "print the version")
    .option("--debug", "show where an error comes from")
    .addHelpText("after", "\nSettings come from the environment and from .env; see docs/settings.md.")
    // Errors come back here instead of ending the process.
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.print(text.trimEnd()), writeErr: () => {} });
  for (const [name, description] of Object.entries(SERVERS)) {
    program.command(name, { isDefault: name === "unified" }).description(description)
      .addHelpText("after", examples([name]))
      .action(() => context.serve(name));
  }
  program.command("version").description("print the version").option("--json", "as JSON")
    .addHelpText("after", examples(["version"]))
    .action(({ json }) => context.print(json ? JSON.stringify({ version: VERSION }) : VERSION));
  addMoving(program, context);
  addCopy(program, context);
  addMemories(program, context);
  addState(program, context);
  addBackup(program, context);
  addOutbox(program, context);
  addDoctor(program, context);
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // help and version end this way
    const reason = error.message.replace(/^error: /, "");
    const help = program.commands.some((command) => command.name() === args[0])
      ? `unimem ${args[0]} --help`
      : "unimem --help";
    throw new MemoryError(
      "configuration",
      `Cannot run "unimem ${args.join(" ")}": ${reason}\n\n${help} tells what there is`,
      { cause: error },
    );
  }
}
