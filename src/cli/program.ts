/**
 * The command line `unimem`: its commands, their help and examples.
 *
 * @module
 */

import { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { type CliContext, examples, type ServeOptions } from "./context.ts";
import { auditedCommands } from "./audited_command.ts";
import { inherit, newProgram, runProgram, wordsOf } from "./base.ts";
import { addBackup } from "./backup.ts";
import { addAudit } from "./audit.ts";
import { addBriefing } from "./briefing.ts";
import { addCandidates } from "./candidates.ts";
import { CLIENT_COMMANDS } from "./client_names.ts";
import { addCompletion } from "./completion.ts";
import { addConfig } from "./config.ts";
import { addConnect } from "./connect/connect.ts";
import { addConversations } from "./conversations.ts";
import { addCopy } from "./copy.ts";
import { addCurating } from "./curating.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor/command.ts";
import { addDocuments } from "./documents.ts";
import { addEvents } from "./events.ts";
import { addGrants } from "./grants.ts";
import { addHook } from "./hook.ts";
import { addKeys } from "./keys.ts";
import { addLogin } from "./login.ts";
import { addMemories } from "./memories.ts";
import { addModel } from "./model.ts";
import { addMoving } from "./moving.ts";
import { addOpen } from "./open.ts";
import { addOptimize } from "./optimize.ts";
import { addOutbox } from "./outbox.ts";
import { addProject } from "./project.ts";
import { addReembed } from "./reembed.ts";
import { addRelations } from "./relations.ts";
import { addService } from "./service/command.ts";
import { addSpaces } from "./spaces.ts";
import { addStats } from "./stats.ts";
import { addTags } from "./tags.ts";
import { addTrash } from "./trash.ts";
import { addVersion } from "./version.ts";

const SERVERS: Record<string, string> = {
  unified: "REST and MCP servers over one storage (default)",
  http: "the REST server alone",
  mcp: "the MCP server alone, over HTTP",
  stdio: "the MCP server on standard input and output",
};

/** Commands that work without a store, or with another one than that of `--server` on purpose. */
const ANYWHERE = ["completion", "version", "demo", ...Object.keys(SERVERS)];

/** All other commands, as the help lists them. */
const GROUPS: readonly [title: string, ...((program: Command, context: CliContext) => void)[]][] = [
  ["Memories", addMemories, addCurating, addTags, addTrash, addRelations, addConversations, addDocuments],
  ["Clients and sessions", addConnect, addHook, addProject, addBriefing, addCandidates],
  ["The service", addService, addOpen, addEvents, addStats, addDoctor, addConfig, addLogin, addDemo],
  ["Access", addKeys, addSpaces, addGrants, addAudit],
  ["The store", addMoving, addBackup, addCopy, addModel, addReembed, addOptimize, addOutbox],
  ["Others", addCompletion, addVersion],
];

/** The table of commands. */
export function createProgram(given: CliContext): Command {
  const { program, context } = newProgram(given);
  program.commandsGroup("Servers:");
  for (const [name, description] of Object.entries(SERVERS)) {
    const command = program.command(name).description(description);
    if (name === "stdio") {
      command.option("--tools <profile>", "serve all tools (full) or those no agent does without (core)");
    }
    command.addHelpText("after", examples(name === "stdio" ? [name, `${name} --tools core`] : [name]))
      .action((options: ServeOptions) => context.serve(name, { ...options, ...program.opts<{ space?: string }>() }));
  }
  for (const [title, ...adders] of GROUPS) {
    program.commandsGroup(`${title}:`);
    for (const add of adders) add(program, context);
  }
  program.addHelpCommand(
    new Command("help").argument("[command]").description("the same as --help behind a command").helpGroup("Others:"),
  );
  inherit(program);
  program.hook("preAction", (_, command) => {
    const words = wordsOf(command), [name] = words.split(" ");
    if (ANYWHERE.includes(name!) || Object.hasOwn(CLIENT_COMMANDS, name!)) return;
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
    return context.reach().server;
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
