/**
 * The commands that call operations, and nothing else: a program of them loads neither a store nor a model.
 *
 * @module
 */

import type { Command } from "commander";
import { inherit, newProgram, runProgram } from "./base.ts";
import type { ClientContext } from "./context.ts";
import { addBriefing } from "./briefing.ts";
import { addCurating } from "./curating.ts";
import { addDocuments } from "./documents.ts";
import { addEvents } from "./events.ts";
import { addLogin } from "./login.ts";
import { addMemories } from "./memories.ts";
import { addOpen } from "./open.ts";
import { addRelations } from "./relations.ts";
import { addTrash } from "./trash.ts";

/** Adds the commands. */
export function addClientCommands(program: Command, context: ClientContext): void {
  for (
    const add of [
      addMemories,
      addCurating,
      addTrash,
      addRelations,
      addDocuments,
      addBriefing,
      addEvents,
      addOpen,
      addLogin,
    ]
  ) add(program, context);
}

/** Runs one of them; see `runCommand`. What they change, the service notes in the audit log. */
export async function runClientCommand(args: readonly string[], given: ClientContext): Promise<void> {
  const { program, context } = newProgram(given);
  addClientCommands(program, context);
  inherit(program);
  await runProgram(program, args);
}
