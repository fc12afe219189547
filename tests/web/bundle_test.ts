/**
 * What is served is what the sources give, and small enough.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { bundleWeb, CLIENTS_MODULE, clientsModule } from "../../build/web.ts";
import { MESSAGES } from "../../src/web/app/messages/table.ts";
import { inFolder } from "../helpers/folder.ts";

const BUNDLE = new URL("../../src/web/bundle/", import.meta.url);
/** Bytes of everything a page loads, compressed. */
const MOST = 250_000;

Deno.test("the committed bundle is the one that the sources give; run `deno task web` after a change", async () => {
  const kept = await Deno.readTextFile(new URL(`../../${CLIENTS_MODULE}`, import.meta.url));
  assertEquals(kept, clientsModule());
  await inFolder(async (folder) => {
    await bundleWeb(folder);
    for (const name of ["app.js", "app.css"]) {
      const [kept, made] = [
        await Deno.readTextFile(new URL(name, BUNDLE)),
        await Deno.readTextFile(join(folder, name)),
      ];
      assert(kept === made, `src/web/bundle/${name} differs from what the sources give`);
    }
  });
});

Deno.test("a page loads at most 250 kB, compressed", async () => {
  let bytes = 0;
  for (const file of ["bundle/app.js", "bundle/app.css", "index.html"]) {
    const text = await Deno.readFile(new URL(`../${file}`, BUNDLE));
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    bytes += (await new Response(packed).arrayBuffer()).byteLength;
  }
  assert(bytes <= MOST, `${bytes} bytes`);
});

Deno.test("every text is there in both languages, with the same values in it", () => {
  const valuesIn = (text: string) => [...new Set([...text.matchAll(/\{\w+\}/g)].map(([value]) => value))].sort();
  for (const [key, [english, german]] of Object.entries(MESSAGES)) {
    assert(english.length > 0 && german.length > 0, key);
    assertEquals(valuesIn(english), valuesIn(german), key);
  }
});
