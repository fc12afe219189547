/** The files of the audit log: what is kept, what a check finds, and what happens when they can't be written. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { AuditDraft } from "../../src/operations/audit/entry.ts";
import { openAuditLog } from "../../src/operations/audit/log.ts";
import { AuditQuery, readAudit } from "../../src/operations/audit/read.ts";
import { verifyAudit } from "../../src/operations/audit/verify.ts";

/** A folder that is removed when it goes out of scope. */
async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "unimem-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const HASH = "a".repeat(64);

function draft(more: Partial<AuditDraft> = {}): AuditDraft {
  return {
    caller: { name: "laptop", kind: "key", address: "127.0.0.1" },
    channel: "rest",
    action: "storeMemory",
    space: "default",
    hashes: [HASH],
    outcome: "ok",
    ...more,
  };
}

/** A log with `count` entries, closed. */
function write(folder: string, count: number, maxBytes = 1 << 20, now = () => new Date()): void {
  const log = openAuditLog({ folder, maxBytes, days: 90 }, now);
  for (let i = 0; i < count; i++) {
    log.note(draft({ action: `action${i}` }));
    if (i % 10 === 9) log.flush();
  }
  log.close();
}

const filesOf = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".jsonl")).sort();

const query = (more: Record<string, unknown> = {}) => AuditQuery.parse(more);

/** Changes the text of the log's first file. */
function edit(folder: string, change: (lines: string[]) => string[], file = filesOf(folder)[0]!): void {
  const path = join(folder, file);
  const lines = Deno.readTextFileSync(path).split("\n");
  Deno.writeTextFileSync(path, change(lines).join("\n"));
}

Deno.test("an untouched log has no faults, over restarts and several files", async () => {
  await using folder = await temporaryFolder();
  for (let i = 0; i < 5; i++) write(folder.path, 100, 200_000);
  assert(filesOf(folder.path).length > 1);
  const found = await verifyAudit(folder.path);
  assertEquals([found.faults, found.entries, found.first, found.last], [[], 500, 1, 500]);
  // An end that was noted stays in the chain when more is written.
  write(folder.path, 10, 200_000);
  assertEquals((await verifyAudit(folder.path, { contains: found.end!.hash })).contains, true);
  assertEquals((await verifyAudit(folder.path, { contains: "0".repeat(64) })).contains, false);
});

Deno.test("the files are for their user alone", async () => {
  await using folder = await temporaryFolder();
  const place = join(folder.path, "audit");
  write(place, 3);
  assertEquals(Deno.statSync(place).mode! & 0o777, 0o700);
  for (const { name } of Deno.readDirSync(place)) assertEquals(Deno.statSync(join(place, name)).mode! & 0o777, 0o600);
});

const DAMAGE: [name: string, damage: (folder: string) => void, told: RegExp][] = [
  ["a changed line", (folder) => {
    edit(folder, (lines) => lines.map((line) => line.replace('"action":"action7"', '"action":"action8"')));
  }, /Entry 9 does not follow the line before it/],
  ["a changed last line", (folder) => {
    edit(folder, (lines) => lines.map((line) => line.replace('"action":"action29"', '"action":"action28"')));
  }, /The last line, entry 30, was changed/],
  ["a removed line", (folder) => {
    edit(folder, (lines) => lines.filter((_, i) => i !== 12));
  }, /Entry 13 is missing/],
  ["a removed first line", (folder) => {
    edit(folder, (lines) => lines.slice(1));
  }, /Entry 1 is missing/],
  ["lines that changed places", (folder) => {
    edit(folder, ([a, b, c, ...rest]) => [a!, c!, b!, ...rest]);
  }, /Entry 2 comes after entry 3/],
  ["a line that was put in between", (folder) => {
    edit(folder, (lines) => lines.toSpliced(3, 0, lines[2]!));
  }, /Entry 3 comes after entry 3/],
  ["a file cut at a line's end", (folder) => {
    edit(folder, (lines) => [...lines.slice(0, 20), ""]);
  }, /Entries 21 to 30 are missing at the end: the file was cut/],
  ["a file cut within a line", (folder) => {
    const path = join(folder, filesOf(folder)[0]!), text = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(path, text.slice(0, -40));
  }, /The line has no end/],
  ["bytes that are no text", (folder) => {
    const path = join(folder, filesOf(folder)[0]!), bytes = Deno.readFileSync(path);
    bytes[500] = 0xff;
    Deno.writeFileSync(path, bytes);
  }, /does not follow the line before it|The line is no entry/],
  ["a file that is gone", (folder) => {
    Deno.removeSync(join(folder, filesOf(folder)[0]!));
  }, /Entries 1 to 30 are missing/],
  ["a noted end that is gone", (folder) => {
    Deno.removeSync(join(folder, "audit.head"));
  }, /audit\.head is missing/],
];

for (const [name, damage, told] of DAMAGE) {
  Deno.test(`a check finds ${name}, before and after more was written`, async () => {
    await using folder = await temporaryFolder();
    write(folder.path, 30);
    assertEquals((await verifyAudit(folder.path)).faults, []);
    damage(folder.path);
    const before = await verifyAudit(folder.path);
    assert(before.faults.some(({ message }) => told.test(message)), JSON.stringify(before.faults));
    write(folder.path, 30);
    const after = await verifyAudit(folder.path);
    assert(after.faults.length > 0, JSON.stringify(after));
    assert((await readAudit(folder.path, query())).entries[0]!.action === "action29");
  });
}

Deno.test("a file in the middle that is gone is a gap", async () => {
  await using folder = await temporaryFolder();
  write(folder.path, 300, 200_000);
  const files = filesOf(folder.path);
  assert(files.length > 3);
  Deno.removeSync(join(folder.path, files[1]!));
  const { faults } = await verifyAudit(folder.path);
  assert(faults.some(({ message }) => /before this file are missing/.test(message)), JSON.stringify(faults));
});

Deno.test("the log stays within its bytes, says what it dropped, and stays verifiable", async () => {
  await using folder = await temporaryFolder();
  write(folder.path, 5000, 200_000);
  const bytes = filesOf(folder.path).reduce((sum, name) => sum + Deno.statSync(join(folder.path, name)).size, 0);
  assert(bytes <= 200_000 + 25_000, String(bytes));
  const found = await verifyAudit(folder.path);
  assertEquals(found.faults, []);
  assert(found.dropped > 1000);
  const { entries } = await readAudit(folder.path, query({ action: "audit_dropped" }));
  assert(entries.length > 0 && entries[0]!.gone!.last === found.dropped);
  // Dropping more than the entry says is found.
  Deno.removeSync(join(folder.path, filesOf(folder.path)[0]!));
  assert(
    (await verifyAudit(folder.path)).faults.some(({ message }) => /no entry says that they were dropped/.test(message)),
  );
});

Deno.test("entries older than the days are dropped", async () => {
  await using folder = await temporaryFolder();
  const day = 86_400_000, start = Date.now() - 200 * day;
  for (let i = 0; i <= 200; i += 5) write(folder.path, 10, 1 << 20, () => new Date(start + i * day));
  for (const name of filesOf(folder.path)) {
    // The time of the last entry is the file's, as it would be.
    const text = Deno.readTextFileSync(join(folder.path, name)).trimEnd().split("\n").at(-1)!;
    const at = new Date(JSON.parse(text).time);
    Deno.utimeSync(join(folder.path, name), at, at);
  }
  write(folder.path, 10);
  const { entries } = await readAudit(folder.path, query({ limit: 1000 })), oldest = entries.at(-1)!;
  const age = (Date.now() - Date.parse(oldest.time)) / day;
  assert(age > 85 && age < 110, String(age));
  assertEquals((await verifyAudit(folder.path)).faults, []);
});

Deno.test("entries are listed newest first, by pages and filters", async () => {
  await using folder = await temporaryFolder();
  const log = openAuditLog({ folder: folder.path, maxBytes: 1 << 20, days: 90 });
  for (let i = 0; i < 25; i++) {
    log.note(draft({
      action: i % 2 ? "storeMemory" : "deleteMemory",
      space: i % 5 ? "default" : "work",
      outcome: i === 7 ? "not_found" : "ok",
      channel: i < 10 ? "mcp" : "rest",
      hashes: [String(i % 10).repeat(64)],
    }));
  }
  log.close();
  const numbers: number[] = [];
  for (let before: number | undefined, pages = 0; pages < 10; pages++) {
    const page = await readAudit(folder.path, query({ limit: 10, ...before === undefined ? {} : { before } }));
    numbers.push(...page.entries.map(({ n }) => n));
    if (page.next === null) break;
    before = page.next;
  }
  assertEquals(numbers, Array.from({ length: 25 }, (_, i) => 25 - i));
  const count = async (more: Record<string, unknown>) => (await readAudit(folder.path, query(more))).entries.length;
  assertEquals(await count({ action: "storeMemory" }), 12);
  assertEquals(await count({ space: "work" }), 5);
  assertEquals(await count({ outcome: "!ok" }), 1);
  assertEquals(await count({ outcome: "not_found" }), 1);
  assertEquals(await count({ channel: "mcp" }), 10);
  assertEquals(await count({ caller: "laptop" }), 25);
  assertEquals(await count({ caller: "other" }), 0);
  assertEquals(await count({ content_hash: "3333" }), 3);
  assertEquals(await count({ since: Date.now() / 1000 + 60 }), 0);
  assertEquals(await count({ until: Date.now() / 1000 + 60 }), 25);
});

Deno.test("an entry names a bounded number of memories and says how many there were", async () => {
  await using folder = await temporaryFolder();
  const log = openAuditLog({ folder: folder.path, maxBytes: 1 << 20, days: 90 });
  log.note(draft({ hashes: Array.from({ length: 5000 }, (_, i) => String(i).padStart(64, "0")) }));
  log.close();
  const { entries: [entry] } = await readAudit(folder.path, query());
  assertEquals([entry!.hashes.length, entry!.count], [20, 5000]);
});

Deno.test("hostile texts stay one line and are cut", async () => {
  await using folder = await temporaryFolder();
  const log = openAuditLog({ folder: folder.path, maxBytes: 1 << 20, days: 90 });
  log.note(draft({
    caller: { name: `a\n{"n":2}\u2028\ud800`, kind: "key", client: { name: "x".repeat(10_000), version: "\0" } },
    action: "y".repeat(100_000),
  }));
  log.close();
  const found = await verifyAudit(folder.path);
  assertEquals([found.entries, found.faults], [1, []]);
  const { entries: [entry] } = await readAudit(folder.path, query());
  assert(JSON.stringify(entry).length < 2000);
});

Deno.test("many refusals of a kind are a few entries with their number", async () => {
  await using folder = await temporaryFolder();
  const log = openAuditLog({ folder: folder.path, maxBytes: 1 << 20, days: 90 });
  for (let i = 0; i < 10_000; i++) {
    log.refused(draft({ outcome: "unauthorized", caller: { name: null, kind: null, address: `10.0.${i % 1000}.1` } }));
  }
  log.close();
  const { entries } = await readAudit(folder.path, query({ limit: 1000 }));
  assert(entries.length < 500, String(entries.length));
  assertEquals(entries.reduce((sum, { count }) => sum + count, 0), 10_000);
});

Deno.test("a folder that can't be written fails nothing, is told, and loses nothing when it is back", async () => {
  await using folder = await temporaryFolder();
  const place = join(folder.path, "audit");
  // A file where the folder should be: also root can't write into it.
  Deno.writeTextFileSync(place, "");
  const log = openAuditLog({ folder: place, maxBytes: 1 << 20, days: 90 });
  log.note(draft());
  log.flush();
  assert(log.state.error !== null && log.state.waiting === 1 && log.state.failingSince !== null);
  for (let i = 0; i < 25_000; i++) log.note(draft());
  assertEquals(log.state.lost, 25_001 - 20_000);
  Deno.removeSync(place);
  log.flush();
  assertEquals([log.state.error, log.state.waiting], [null, 0]);
  log.close();
  const { entries: [last] } = await readAudit(place, query());
  assertEquals([last!.action, last!.count], ["audit_lost", 5001]);
  const found = await verifyAudit(place);
  assertEquals([found.entries, found.fault_count], [20_001, 1]);
});

Deno.test("a full disk leaves no half line, and the log goes on when there is room", async () => {
  await using folder = await temporaryFolder();
  write(folder.path, 5);
  const log = openAuditLog({ folder: folder.path, maxBytes: 1 << 20, days: 90 });
  const { write: real } = stubWrites();
  try {
    for (let i = 0; i < 50; i++) log.note(draft());
    log.flush();
    assert(/No space left/.test(log.state.error ?? ""), String(log.state.error));
    assertEquals((await verifyAudit(folder.path)).faults, []);
  } finally {
    Deno.FsFile.prototype.writeSync = real;
  }
  log.flush();
  log.close();
  const found = await verifyAudit(folder.path);
  assertEquals([found.faults, found.entries], [[], 55]);
});

/** Lets files take 1000 bytes more, then none, as a full disk does. */
function stubWrites() {
  const write = Deno.FsFile.prototype.writeSync;
  let room = 1000;
  Deno.FsFile.prototype.writeSync = function (bytes: Uint8Array) {
    if (room === 0) throw new Error("No space left on device (os error 28)");
    const part = bytes.subarray(0, room);
    room -= part.length;
    return write.call(this, part);
  };
  return { write };
}

const WRITER = `
import { openAuditLog } from ${JSON.stringify(new URL("../../src/operations/audit/log.ts", import.meta.url).href)};
const log = openAuditLog({ folder: Deno.args[0], maxBytes: 2_400_000, days: 90 });
const caller = { name: Deno.args[1], kind: "key" };
for (let i = 0; i < Number(Deno.args[2]); i++) {
  log.note({ caller, channel: "rest", action: "a" + i, space: "default", hashes: [], outcome: "ok" });
  if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
log.close();
`;

const KILLED = `
import { openAuditLog } from ${JSON.stringify(new URL("../../src/operations/audit/log.ts", import.meta.url).href)};
const log = openAuditLog({ folder: Deno.args[0], maxBytes: 1_000_000, days: 90 });
const caller = { name: "killed", kind: "key" };
for (let i = 0;; i++) {
  log.note({ caller, channel: "rest", action: "a" + i, space: "default", hashes: [], outcome: "ok" });
  console.log(i, Date.now());
  await new Promise((resolve) => setTimeout(resolve, 2));
}
`;

function start(source: string, args: string[]): Deno.ChildProcess {
  const code = `data:application/typescript;base64,${btoa(source)}`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", "--config", config, code, ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

Deno.test("several processes write one chain", async () => {
  await using folder = await temporaryFolder();
  const children = ["a", "b", "c"].map((name) => start(WRITER, [folder.path, name, "1000"]));
  for (const child of children) {
    const { success } = await child.output();
    assert(success);
  }
  const found = await verifyAudit(folder.path);
  // Several files, and none that was dropped, whose entries would be missing.
  assertEquals([found.faults, found.first, found.last], [[], 1, 3000]);
  assert(filesOf(folder.path).length > 1);
  const { entries } = await readAudit(folder.path, query({ limit: 1000 }));
  assertEquals(new Set(entries.map(({ process }) => process)).size > 1, true);
});

Deno.test("what was noted longer than the promised time before kill -9 is in the log", async () => {
  await using folder = await temporaryFolder();
  const child = start(KILLED, [folder.path]);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", killedAt = Infinity;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    text += chunk.value;
    if (text.split("\n").length > 300 && killedAt === Infinity) {
      killedAt = Date.now();
      child.kill("SIGKILL");
    }
  }
  await child.status;
  const noted = text.trim().split("\n").map((line) => line.split(" ").map(Number) as [number, number]);
  const { entries } = await readAudit(folder.path, query({ limit: 1000 }));
  const written = Number(entries[0]!.action.slice(1));
  // 50 ms are promised; a busy machine may be late with the timer, then all of the process is.
  const due = noted.filter(([, at]) => at < killedAt - 500).at(-1);
  assert(due !== undefined && written >= due[0], `${written} of ${due}`);
  assertEquals((await verifyAudit(folder.path)).faults, []);
  // The next process goes on.
  write(folder.path, 3);
  assertEquals((await verifyAudit(folder.path)).faults, []);
});
