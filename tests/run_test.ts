import { assertEquals } from "@std/assert";
import { countsIn, lineOf } from "./run.ts";

Deno.test("the counts of all runs are those that the runner printed, in colour or not, and nothing else", () => {
  const first = countsIn(
    "x ... ok (3 passed | 4 failed)\n\nok | 1225 passed (625 steps) | 0 failed | 133 ignored (11m9s)\n\n",
  );
  assertEquals(first, { passed: 1225, steps: 625, failed: 0, ignored: 133 });
  const coloured =
    "\x1b[0m\x1b[31mFAILED\x1b[0m | 9 passed | 2 failed \x1b[0m\x1b[38;5;245m(8s)\x1b[0m\n\nerror: Test failed\n";
  const second = countsIn(coloured);
  assertEquals(second, { passed: 9, steps: 0, failed: 2, ignored: 0 });
  assertEquals(lineOf([first, second]), "1234 passed (625 steps) | 2 failed | 133 ignored");
  assertEquals(countsIn("error: Module not found\n"), null);
  assertEquals(lineOf([first, null]), "1225 passed (625 steps) | 1 failed | 133 ignored");
});
