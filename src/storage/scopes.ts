/**
 * Checks of scopes and names of spaces, the same for every driver.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { isSpaceName } from "../memory/space.ts";
import type { SpaceScope } from "./contract/scope.ts";

/**
 * The name.
 *
 * @throws {MemoryError} `invalid_input` for what can't be the name of a space.
 */
export function checkedSpace(name: string): string {
  if (isSpaceName(name)) return name;
  throw new MemoryError("invalid_input", `Cannot use space "${name}": no space can have that name`, {
    field: "space",
    value: name,
  });
}

/**
 * The scope.
 *
 * @throws {MemoryError} `invalid_input` where it doesn't read what it writes, or names what can't be a space.
 */
export function checkedScope(scope: SpaceScope): SpaceScope {
  const { write, read } = scope;
  checkedSpace(write);
  if (read === "all") return scope;
  read.forEach(checkedSpace);
  if (read.includes(write)) return scope;
  throw new MemoryError("invalid_input", `Cannot use space "${write}": the spaces to read from don't include it`, {
    field: "space",
    value: write,
  });
}
