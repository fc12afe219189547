import { assertEquals } from "@std/assert";
import { exists, succeeds, withService } from "./tools.ts";

const FOLDER = new URL("../../clients/python/", import.meta.url);
const PYTHON = new URL(".venv/bin/python", FOLDER);
const ignore = !exists(PYTHON);

Deno.test({
  name: "the Python client and its adapters pass their tests (a .venv in clients/python)",
  ignore,
  fn: () =>
    withService(async (UNIMEM_URL) =>
      void await succeeds(PYTHON.pathname, ["-m", "pytest", "-q", "-p", "no:cacheprovider"], {
        cwd: FOLDER,
        env: { UNIMEM_URL, PYTHONDONTWRITEBYTECODE: "1" },
      })
    ),
});

Deno.test({
  name: "the types of the Python client hold, strictly (a .venv in clients/python)",
  ignore,
  fn: async () => {
    const cache = await Deno.makeTempDir();
    try {
      await succeeds(PYTHON.pathname, ["-m", "mypy", "--cache-dir", cache], { cwd: FOLDER });
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  },
});

Deno.test({
  name: "the Python client is built into a wheel with its types (a .venv in clients/python)",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await succeeds(PYTHON.pathname, ["-m", "build", "--no-isolation", "--outdir", folder, "."], { cwd: FOLDER });
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name.replace(/-\d.*?(?=-py3|\.tar)/, "")).sort();
      assertEquals(names, ["unimem_client-py3-none-any.whl", "unimem_client.tar.gz"]);
      const wheel = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".whl"))!;
      const listing = await succeeds(PYTHON.pathname, ["-m", "zipfile", "-l", wheel.name], { cwd: folder });
      for (const file of ["py.typed", "models.py", "_client.py", "langgraph.py"]) {
        assertEquals(listing.includes(`unimem_client/${file}`), true, file);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
