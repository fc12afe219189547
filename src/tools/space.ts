/**
 * The argument `space` of tools, for callers who read more than one, and where a call works.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import { changes, needOfTool } from "../access/rights.ts";
import { MemoryError } from "../errors.ts";
import type { Runtime } from "../operations/runtime.ts";

/** What a call works with. */
export interface PlacedCall {
  runtime: Runtime;
  /** The arguments without `space`. */
  args: Record<string, unknown>;
}

/**
 * Where a call of a tool works: in the space that it names, or in those of its caller; what changes memories, in the one
 * that the caller writes to alone.
 *
 * @throws {MemoryError} `invalid_input` for a space that the caller doesn't read.
 */
export function placed(runtime: Runtime, name: string, given: Record<string, unknown>): PlacedCall {
  const choices = choicesOf(runtime.caller), { space, ...args } = given;
  const takes = choices !== null && space != null, need = needOfTool(name, takes ? args : given);
  let own = runtime;
  if (takes) {
    const chosen = typeof space === "string" && choices.includes(space) ? runtime.inSpaces?.([space]) : null;
    if (chosen == null) {
      throw new MemoryError(
        "invalid_input",
        `Cannot use space ${JSON.stringify(space)}: name one of ${choices.join(", ")}`,
        {
          field: "space",
          value: space,
        },
      );
    }
    own = chosen;
  }
  const { scope: { write, read } } = own.caller;
  if (changes(need) && (read === "all" || read.length > 1)) own = own.inSpaces?.([write]) ?? own;
  return { runtime: own, args: takes ? args : given };
}

/** The tools with the argument `space`, where the caller has a choice. */
export function withSpaces<T extends { inputSchema: { properties?: Readonly<Record<string, unknown>> } }>(
  tools: readonly T[],
  caller: Caller,
): readonly T[] {
  const choices = choicesOf(caller);
  if (choices === null) return tools;
  const description =
    `Only this space. Without it reads look into all of these, and changes are made in ${caller.scope.write}.`;
  return tools.map((tool) => ({
    ...tool,
    inputSchema: {
      ...tool.inputSchema,
      properties: { ...tool.inputSchema.properties, space: { type: "string", enum: choices, description } },
    },
  }));
}

/** The spaces that a caller reads, where there is more than one. */
function choicesOf({ scope: { read } }: Caller): string[] | null {
  return read === "all" || read.length < 2 ? null : [...read];
}
