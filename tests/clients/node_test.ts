import { exists, succeeds, withService } from "./tools.ts";

const FOLDER = new URL("../../clients/typescript/", import.meta.url);
const HAS_PACKAGES = exists(new URL("node_modules/.bin/tsc", FOLDER));

Deno.test({
  name: "the TypeScript client and its adapters pass their tests on Node (npm ci in clients/typescript)",
  ignore: !HAS_PACKAGES,
  fn: () =>
    withService(async (UNIMEM_URL) => void await succeeds("npm", ["test"], { cwd: FOLDER, env: { UNIMEM_URL } })),
});
