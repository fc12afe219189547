/**
 * What every program of commands has: its options, its help, and how a run of it ends.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import { MemoryError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { ClientContext } from "./context.ts";
import { serverUrl } from "./logins.ts";

/** The end of the help. */
const END = `
Settings come from the environment, --env-file, and .env beside the program or in the data folder; see docs/settings.md.
With --json, results are JSON on standard output and errors JSON on standard error.
Exit codes: 0 done, 1 a fault or something left out, 2 wrong arguments, settings or input,
  3 the store or a server can't be reached, 129 stopped by SIGHUP, 130 by Ctrl-C, 143 by SIGTERM.`;

/** Options before a command, as they were given. */
interface ProgramOptions {
  server?: string;
  space?: string;
}

/** An empty program, and the context of its commands, in which its options count. */
export function newProgram<C extends ClientContext>(given: C): { program: Command; context: C } {
  const program = new Command("unimem")
    .description("Shared memory for AI agents")
    .version(VERSION, "-V, --version", "print the version")
    .option("--debug", "show where an error comes from")
    .option("--server <url>", "work with the service there (default: UNIMEM_SERVER, else the one of the data folder)")
    .option("--space <names>", "spaces to work in: the first is written to, all are read (default: MCP_SPACE)")
    // Taken out of the arguments before they come here: settings are read first.
    .option("--env-file <path>", "read settings from this file too; those of the environment win")
    .addHelpText("after", END)
    // Errors come back here instead of ending the process.
    .exitOverride()
    .configureOutput({ writeOut: (text) => given.print(text.trimEnd()), writeErr: () => {} });
  const options = () => program.opts<ProgramOptions>();
  const reach = () => {
    const found = given.reach(), { server, space } = options();
    return {
      ...found,
      ...server === undefined ? {} : { server: serverUrl(server, "--server") },
      ...space === undefined ? {} : { spaces: given.spacesIn(space) },
    };
  };
  return { program, context: { ...given, reach } };
}

/** Settings of the program that commands were given before they were set. */
export function inherit(command: Command): void {
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
    inherit(sub);
  }
}

/** The words that name a command, without the program's. */
export function wordsOf(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) words.unshift(at.name());
  return words.join(" ");
}

/**
 * Runs the command that the arguments name.
 *
 * @throws {MemoryError} `configuration` for arguments that make no sense; whatever the command throws.
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // help and version end this way
    const [first, second] = args.filter((arg) => !arg.startsWith("-"));
    const known = program.commands.find((command) => command.name() === first);
    const inner = known?.commands.find((command) => command.name() === second);
    const subcommands = known?.commands.map((command) => command.name()).join(", ") ?? "";
    const unnamed = error.code === "commander.help" ||
      (error.code === "commander.excessArguments" && subcommands !== "");
    const reason = unnamed
      ? `name one of ${subcommands}`
      : error.message.replace(/^error: /, "").replace(/\n\((Did you mean .*)\)$/s, ". $1");
    throw new MemoryError(
      "configuration",
      `Cannot run "unimem ${args.join(" ")}": ${reason}\n\nunimem ${
        [known, inner].map((command) => command === undefined ? "" : `${command.name()} `).join("")
      }--help tells what there is`,
      { cause: error },
    );
  }
}
