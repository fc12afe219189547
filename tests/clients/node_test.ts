import { exists, succeeds, withService } from "./tools.ts";

const FOLDER = new URL("../../clients/typescript/", import.meta.url);
const HAS_PACKAGES = exists(new URL("node_modules/.bin/tsc", FOLDER));

Deno.test({
  name: "the TypeScript client and its adapters pass their tests on Node (npm ci in clients/typescript)",
  ignore: !HAS_PACKAGES,
  fn: () =>
    withService(async (UNIMEM_URL) => void await succeeds("npm", ["test"], { cwd: FOLDER, env: { UNIMEM_URL } })),
});

Deno.test({
  name: "the packed TypeScript client is imported and stores on Node (npm ci in clients/typescript)",
  ignore: !HAS_PACKAGES,
  fn: () =>
    withService(async (url, folder) => {
      await succeeds("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: FOLDER });
      const [tarball] = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".tgz"));
      const home = `${folder}/home`;
      await Deno.mkdir(home);
      await Deno.writeTextFile(`${home}/package.json`, '{"type": "module"}');
      await succeeds(
        "npm",
        ["install", "--offline", "--no-audit", "--no-fund", "--legacy-peer-deps", `../${tarball}`],
        {
          cwd: home,
        },
      );
      const program = `import { Unimem } from "@unimem/client";
        const memory = new Unimem({ url: "${url}" });
        await memory.store("Packed and stored.");
        if ((await memory.search("packed")).results.length !== 1) process.exit(1);`;
      await Deno.writeTextFile(`${home}/program.mjs`, program);
      await succeeds("node", ["program.mjs"], { cwd: home });
    }),
});
