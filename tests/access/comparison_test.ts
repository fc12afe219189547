/** That keys and tokens are compared by hashes and in one time, whatever was sent. A clock would say nothing reliable. */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { keyedService } from "./service.ts";

/** Where secrets are compared, and the names that secrets and their hashes have there. */
const FOLDERS = ["src/access/", "src/oauth/", "src/operations/keys/", "src/service/"];
const SECRET = "(?:hash|digest|token|secret|expected|given|csrf|registration|proof|challenge|verifier|apiKey)";
/** A comparison that ends at the first difference, or a look-up by a part of it. */
const EARLY = new RegExp(
  [
    String.raw`\b${SECRET}(?:\([^()]*\))?\s*[!=]==?(?!=|\s*(?:null\b|undefined\b|""))`,
    String.raw`[!=]==?\s*(?:\w+[.!?]+)*#?${SECRET}\b(?!\.length)`,
    String.raw`\b${SECRET}\.(?:equals|compare|startsWith|endsWith|includes|indexOf|localeCompare)\(`,
  ].join("|"),
);
/** Of what was not sent, or of a part that all tokens have. */
const FINE = [
  "known?.tokens.find((token) => token.hash.equals(bytes))", // two reads of the same note
  "return token.startsWith(PREFIX);",
];

async function* sources(folder: string): AsyncGenerator<{ path: string; text: string }> {
  const root = new URL("../../", import.meta.url);
  for await (const { name, isFile } of Deno.readDir(new URL(folder, root))) {
    if (isFile && name.endsWith(".ts")) {
      yield { path: folder + name, text: await Deno.readTextFile(new URL(folder + name, root)) };
    }
  }
}

Deno.test("no comparison of a secret ends at the first difference", async () => {
  // What the check is to find, and what it is to leave alone.
  for (
    const bad of ["if (hash === found.hash)", "given.equals(expected)", "x !== this.#token", "token.startsWith(a)"]
  ) {
    assert(EARLY.test(bad), bad);
  }
  for (
    const fine of ["token === null", "secret !== undefined", "left.length === right.length", 'apiKey === null ? "" : x']
  ) {
    assert(!EARLY.test(fine), fine);
  }
  const found: string[] = [], constant: string[] = [];
  for (const folder of FOLDERS) {
    for await (const { path, text } of sources(folder)) {
      const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
      if (code.includes("timingSafeEqual(")) constant.push(path);
      for (const line of code.split("\n")) {
        if (EARLY.test(line) && !FINE.some((known) => line.includes(known))) found.push(`${path}: ${line.trim()}`);
      }
    }
  }
  assertEquals(found, []);
  assertEquals(constant.sort(), [
    "src/access/key.ts",
    "src/oauth/tokens.ts",
    "src/operations/keys/ring.ts",
    "src/service/service_file.ts",
  ]);
});

Deno.test("wrong keys are answered alike, however much of the right one they begin with", async () => {
  const apiKey = "the-key-of-the-settings-which-is-long";
  await using service = await keyedService({ apiKey });
  const { token } = await service.key({ rights: "admin" });
  for (const right of [apiKey, token]) {
    const answers = new Set<string>();
    let tried = 0;
    for (let length = 1; length < right.length; length++) {
      const other = right[length] === "A" ? "B" : "A";
      for (const sent of [right.slice(0, length), right.slice(0, length) + other.repeat(right.length - length)]) {
        // In process, where no address has to wait for its wrong keys.
        const { status, json, headers } = await service.rest(sent, "GET", "/api/tags");
        answers.add(JSON.stringify([status, json, headers.get("www-authenticate")]));
        tried++;
      }
    }
    assertGreater(tried, 70);
    assertEquals(answers.size, 1, [...answers].join("\n"));
    assertEquals((await service.rest(right, "GET", "/api/tags")).status, 200);
  }
});
