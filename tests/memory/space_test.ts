import { assertEquals } from "@std/assert";
import { DEFAULT_SPACE, isSpaceName } from "../../src/memory/space.ts";

Deno.test("A space's name is of lower-case letters, digits, dots, underscores and hyphens", () => {
  for (const name of [DEFAULT_SPACE, "a", "0", "team-a.project_1", "..a", "...", "x".repeat(64)]) {
    assertEquals([name, isSpaceName(name)], [name, true]);
  }
  for (
    const name of ["", ".", "..", "A", "ä", "a b", "a/b", "a\n", "\na", "a\0", "x".repeat(65), "a%2f", "ａ", "all"]
  ) {
    assertEquals([name, isSpaceName(name)], [name, false]);
  }
});
