/**
 * Sets of tools, as a setting or a client's address names them: `/mcp?tools=core`.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** `core` has what an agent can't do without, at a fraction of the tokens. */
export const TOOL_PROFILES = ["full", "core"] as const;
export type ToolProfile = (typeof TOOL_PROFILES)[number];

/**
 * The profile a text names, in any case; undefined without one.
 *
 * @param name What stands before it where it was given.
 * @throws {MemoryError} `invalid_input` naming one that isn't known.
 */
export function readProfile(text: string | null | undefined, name = "tools="): ToolProfile | undefined {
  if (text == null || text === "") return undefined;
  const found = TOOL_PROFILES.find((profile) => profile === text.trim().toLowerCase());
  if (found !== undefined) return found;
  const shown = JSON.stringify(text.slice(0, 100).toWellFormed());
  throw new MemoryError("invalid_input", `Cannot serve ${name}${shown}: the profiles are ${TOOL_PROFILES.join(", ")}`, {
    field: "tools",
    value: text,
  });
}

/** The profile in a request's address. */
export function profileOf(request: Pick<Request, "url"> | undefined): ToolProfile | undefined {
  const at = request?.url.indexOf("?") ?? -1;
  if (request === undefined || at === -1) return undefined;
  // Some Host headers make an address that `URL` can't read.
  return readProfile(new URLSearchParams(request.url.slice(at + 1).replace(/#.*$/s, "")).get("tools"));
}
