/**
 * Spaces as the command line names them.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { isSpaceName } from "../memory/space.ts";

/** @throws {MemoryError} `invalid_input` for what is no name of a space. */
export function spacesIn(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !isSpaceName(name));
  if (wrong === undefined) return names;
  throw new MemoryError("invalid_input", `Cannot use --space ${JSON.stringify(wrong)}: it is no name of a space`, {
    field: "--space",
    value: wrong,
  });
}
