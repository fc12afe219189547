/** `unimem config`: every setting once, in a group, with the value in effect and where it comes from. */

import { contextIn } from "./context.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { groupOf, GROUPS } from "../../src/cli/config.ts";
import { runCommand } from "../../src/cli/program.ts";
import { SETTING_NAMES } from "../../src/config.ts";
import { inFolder } from "./command.ts";

Deno.test("config lists every setting in its group, aligned, with its value, its origin and no secret", () =>
  inFolder(async (folder) => {
    const { context, said } = contextIn(folder, {
      MCP_API_KEY: "not-for-anyone",
      MCP_QDRANT_API_KEY: "nor-this",
      MCP_EMBEDDING_URL: "http://me:secret@127.0.0.1:9/v1",
      MCP_MEMORY_EMBEDDING_MODEL: "bge",
      LOG_LEVEL: "debug",
    });
    await runCommand(["config"], context);
    const rows = said.filter((line) => line.startsWith("  ")), names = rows.map((line) => line.trim().split(/\s+/)[0]!);
    assertEquals([...names].sort(), [...SETTING_NAMES].sort());
    assertEquals(said.filter((line) => line !== "" && !line.startsWith("  ")), GROUPS.map(([title]) => title));
    assert(GROUPS.every(([title]) => SETTING_NAMES.some((name) => groupOf(name) === title)));
    assertEquals(new Set(rows.map((line) => /^ {2}\S+ +/.exec(line)![0].length)).size, 1, "values begin in one column");
    const row = (name: string) => rows.find((line) => line.trim().startsWith(`${name} `))!.trim().split(/ {2,}/);
    assertEquals(row("MCP_API_KEY"), ["MCP_API_KEY", "(secret)", "environment"]);
    assertEquals(row("LOG_LEVEL"), ["LOG_LEVEL", "debug", "environment"]);
    assertEquals(row("MCP_HTTP_PORT"), ["MCP_HTTP_PORT", "8000", "default"]);
    assertEquals(row("SQLITEVEC_PATH"), ["SQLITEVEC_PATH", `${folder}/data/unimem.db`, "default"]);
    assertEquals(row("MCP_MEMORY_BACKUPS_PATH")[1], `${folder}/data/backups`);
    assertEquals(row("MCP_AUDIT_PATH")[1], `${folder}/data/audit`);
    assertEquals(row("MCP_EMBEDDING_PROVIDER").slice(1), ["openai", "default"]);
    assertStringIncludes(row("MCP_EMBEDDING_URL")[1]!, "(secret)@127.0.0.1");
    assert(!/not-for-anyone|nor-this|me:secret/.test(said.join("\n")));

    said.length = 0;
    await runCommand(["config", "--json"], context);
    const { settings } = JSON.parse(said.join(""));
    assertEquals(settings.length, SETTING_NAMES.length);
    assert(settings.every(({ value }: { value: string }) => typeof value === "string" && value !== ""));
  }));
