import { assertEquals } from "@std/assert";
import { short, table } from "../../bench/lib/table.ts";

Deno.test("tables are aligned Markdown", () => {
  assertEquals(
    table(["what", "n"], [["store", "1.5"], ["a long name", ""]]),
    [
      "| what        |   n |",
      "| ----------- | --: |",
      "| store       | 1.5 |",
      "| a long name |     |",
    ].join("\n"),
  );
});

Deno.test("numbers keep the digits that tell something", () => {
  assertEquals([0.1234, 1.234, 12.34, 1234.5, NaN].map(short), ["0.123", "1.23", "12.3", "1235", "–"]);
});
