/**
 * The command line `unimem`: its commands, their help and examples.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { type CliContext, examples, type ServeOptions } from "./context.ts";
import { auditedCommands } from "./audited_command.ts";
import { inherit, newProgram, runProgram, wordsOf } from "./base.ts";
import { CLIENT_COMMANDS } from "./client_names.ts";
import { addClientCommands } from "./client_program.ts";
import { addAudit } from "./audit.ts";
import { addBackup } from "./backup.ts";
import { addCompletion } from "./completion.ts";
import { addConnect } from "./connect/connect.ts";
import { addCopy } from "./copy.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor/command.ts";
import { addGrants } from "./grants.ts";
import { addHook } from "./hook.ts";
import { addKeys } from "./keys.ts";
import { addMoving } from "./moving.ts";
import { addModel } from "./model.ts";
import { addOptimize } from "./optimize.ts";
import { addOutbox } from "./outbox.ts";
import { addProject } from "./project.ts";
import { addReembed } from "./reembed.ts";
import { addSpaces } from "./spaces.ts";
import { addState } from "./state.ts";
import { addVersion } from "./version.ts";

const SERVERS: Record<string, string> = {
  unified: "REST and MCP servers over one storage (default)",
  http: "the REST server alone",
  mcp: "the MCP server alone, over HTTP",
  stdio: "the MCP server on standard input and output",
};

/** Commands that work without a store, or with another one than that of `--server` on purpose. */
const ANYWHERE = ["connect", "config", "completion", "version", "demo", "hook", ...Object.keys(SERVERS)];

/** The table of commands. */
export function createProgram(given: CliContext): Command {
  const { program, context } = newProgram(given);
  for (const [name, description] of Object.entries(SERVERS)) {
    const command = program.command(name).description(description);
    if (name === "stdio") {
      command.option("--tools <profile>", "serve all tools (full) or those no agent does without (core)");
    }
    command.addHelpText("after", examples(name === "stdio" ? [name, `${name} --tools core`] : [name]))
      .action((options: ServeOptions) => context.serve(name, { ...options, ...program.opts<{ space?: string }>() }));
  }
  addClientCommands(program, context);
  const adders = [
    ...[addMoving, addCopy, addBackup, addModel, addReembed, addOptimize, addState, addDoctor],
    ...[addKeys, addSpaces, addGrants, addOutbox, addAudit, addHook, addProject, addConnect, addDemo],
    ...[addCompletion, addVersion],
  ];
  for (const add of adders) add(program, context);
  inherit(program);
  program.hook("preAction", (_, command) => {
    const words = wordsOf(command), [name] = words.split(" ");
    if (ANYWHERE.includes(name!) || CLIENT_COMMANDS.includes(name!)) return;
    const url = serverFor(context, name!);
    if (url === null) return;
    throw new MemoryError(
      "unsupported",
      `Cannot run "unimem ${words}" on ${url}: it works on the store of this machine, without --server and UNIMEM_SERVER`,
    );
  });
  return program;
}

/** The server that a command is given. The doctor lists wrong settings, so that they must not end it before. */
function serverFor(context: CliContext, name: string): string | null {
  try {
    return context.server();
  } catch (error) {
    if (name === "doctor" && error instanceof MemoryError && error.code === "configuration") return null;
    throw error;
  }
}

/**
 * Runs one command.
 *
 * @throws {MemoryError} `configuration` for arguments that make no sense; whatever the command throws.
 */
export async function runCommand(args: string[], context: CliContext): Promise<void> {
  const audit = auditedCommands(context), program = createProgram(audit.context);
  program.hook("preAction", (_, command) => audit.begin(wordsOf(command)));
  const named = args.some((arg) => !arg.startsWith("-"));
  const asked = args.some((arg) => ["-h", "--help", "-V", "--version"].includes(arg));
  try {
    await runProgram(program, !named && !asked ? ["unified", ...args] : args);
    audit.end();
  } catch (error) {
    audit.end(error);
    throw error;
  }
}
