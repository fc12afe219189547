/** `unimem audit`, over the log that a log of the same folder wrote. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { openAuditLog } from "../../src/operations/audit/log.ts";
import { inFolder, json, unimem } from "./command.ts";

function fillLog(folder: string): string {
  const place = join(folder, "audit"), log = openAuditLog({ folder: place, maxBytes: 1 << 20, days: 90 });
  for (let i = 0; i < 30; i++) {
    log.note({
      caller: { name: i % 2 ? "laptop" : "phone\n99  forged", kind: "key", address: "127.0.0.1" },
      channel: i % 3 ? "rest" : "mcp",
      action: "storeMemory",
      space: "default",
      hashes: ["ab".repeat(32)],
      outcome: i === 4 ? "not_found" : "ok",
    });
  }
  log.close();
  return place;
}

Deno.test("audit lists entries newest first, filtered, one on a line", () =>
  inFolder(async (folder) => {
    fillLog(folder);
    const all = await json(folder, "audit", "--limit", "20");
    assertEquals([all.entries.length, all.entries[0].n, all.next], [20, 30, 11]);
    assertEquals((await json(folder, "audit", "--limit", "20", "--before", "11")).entries.length, 10);
    assertEquals((await json(folder, "audit", "--caller", "laptop")).entries.length, 15);
    assertEquals((await json(folder, "audit", "--outcome", "!ok")).entries.length, 1);
    assertEquals((await json(folder, "audit", "--channel", "mcp", "--since", "today")).entries.length, 10);
    assertEquals((await json(folder, "audit", "--hash", "ABAB")).entries.length, 30);
    const { out, code } = await unimem(folder, "audit");
    assertEquals(code, 0);
    assertEquals(out.trimEnd().split("\n").length, 31);
    assert(!/^99 {2}forged/m.test(out));
    const wrong = await unimem(folder, "audit", "--limit", "0");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.err, "--limit");
  }));

Deno.test("audit verify ends with 1 when an entry was changed, and doctor tells", () =>
  inFolder(async (folder) => {
    const place = fillLog(folder);
    const whole = await json(folder, "audit", "verify");
    assertEquals([whole.whole, whole.entries, whole.end.n], [true, 30, 30]);
    assertEquals((await unimem(folder, "audit", "verify", "--contains", whole.end.hash)).code, 0);
    assertEquals((await unimem(folder, "audit", "verify", "--contains", "0".repeat(64))).code, 1);
    const healthy = await json(folder, "doctor").catch((error) => error);
    const [file] = [...Deno.readDirSync(place)].map(({ name }) => name).filter((name) => name.endsWith(".jsonl"));
    const text = Deno.readTextFileSync(join(place, file!));
    Deno.writeTextFileSync(join(place, file!), text.replace("laptop", "tablet"));
    const { code, out } = await unimem(folder, "audit", "verify");
    assertEquals(code, 1);
    assertStringIncludes(out, "Entry 3 does not follow the line before it");
    const { out: told } = await unimem(folder, "doctor", "--json");
    const check = JSON.parse(told).checks.find(({ name }: { name: string }) => name === "audit");
    assertEquals(check.state, "warning", JSON.stringify(healthy));
  }));
