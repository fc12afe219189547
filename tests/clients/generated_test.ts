import { assert, assertEquals } from "@std/assert";
import { FILES, GENERATORS } from "../../build/clients.ts";
import { VERSION } from "../../src/version.ts";
import { exists } from "./tools.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** The generator of each file that needs one. */
const NEEDS: Record<string, URL> = {
  "clients/typescript/src/openapi.gen.ts": GENERATORS.typescript,
  "clients/python/src/unimem_client/models.py": GENERATORS.python,
};

/** Texts without what a formatter chooses: blanks, quotes, the comma behind a last item, line breaks. */
const plain = (text: string) => text.replace(/["'`]/g, '"').replace(/,(\s*[)\]}])/g, "$1").replace(/[\s;|]+/g, "");

for (const [path, make] of Object.entries(FILES)) {
  const tool = NEEDS[path];
  Deno.test({
    name: `${path} is the generated one; run \`deno task clients\` after a change`,
    ignore: tool !== undefined && !exists(tool),
    fn: async () => {
      const [kept, made] = [plain(await read(path)), plain(await make())];
      const at = [...made].findIndex((char, i) => char !== kept[i]);
      if (kept !== made) {
        assertEquals(kept.slice(Math.max(0, at - 60), at + 120), made.slice(Math.max(0, at - 60), at + 120));
      }
      assertEquals(kept.length, made.length);
    },
  });
}

Deno.test("all clients have the version of the service", async () => {
  const { version } = JSON.parse(await read("clients/typescript/package.json"));
  assertEquals(version, VERSION);
  assert((await read("clients/python/src/unimem_client/_version.py")).includes(`"${VERSION}"`));
  assert((await read("clients/python/pyproject.toml")).includes('dynamic = ["version"]'));
});

Deno.test("what clients need is pinned", async () => {
  const { devDependencies, dependencies } = JSON.parse(await read("clients/typescript/package.json"));
  assertEquals(dependencies, undefined);
  for (const version of Object.values(devDependencies as Record<string, string>)) assert(/^\d/.test(version), version);
  for (const line of (await read("clients/python/requirements-dev.txt")).trim().split("\n")) {
    assert(/^#|^[\w.-]+(\[\w+\])?==[\w.]+( *;.*)?$/.test(line), line);
  }
});
