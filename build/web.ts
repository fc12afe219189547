/**
 * Bundles the dashboard: its modules and the packages they import into one script, its style sheets into another file.
 * Both are committed, so that a clean checkout serves them without a build.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { edited } from "../src/cli/connect/edit.ts";
import { CLIENTS } from "../src/cli/connect/table.ts";
import type { Place } from "../src/cli/context.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const STYLES = ["colours.css", "base.css", "shell.css", "parts.css", "pages.css"];

/** Writes `app.js` and `app.css` into a folder. Throws with what Deno said when the modules can't be bundled. */
export async function bundleWeb(folder: string): Promise<void> {
  const { code, stderr } = await new Deno.Command("deno", {
    args: [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      `--output=${join(folder, "app.js")}`,
      "src/web/app/main.tsx",
    ],
    cwd: ROOT,
  }).output();
  if (code !== 0) throw new Error(`Cannot bundle the dashboard: ${new TextDecoder().decode(stderr)}`);
  const styles = await Promise.all(STYLES.map((name) => Deno.readTextFile(join(ROOT, "src/web/style", name))));
  await Deno.writeTextFile(join(folder, "app.css"), styles.join("\n"));
}

/** The address that the page puts its own in the place of, and the variable of the key. */
const ADDRESS = "http://127.0.0.1:8001/mcp", KEY = "MCP_API_KEY";
/** Places as people write them, by the system that they are on. */
const ANYWHERE = { home: "~", cwd: ".", appData: undefined, launcher: [], packaged: true };
const PLACES: Readonly<Record<"linux" | "mac" | "windows", Place>> = {
  linux: { ...ANYWHERE, os: "linux" },
  mac: { ...ANYWHERE, os: "darwin" },
  windows: { ...ANYWHERE, os: "windows", home: "%USERPROFILE%", appData: "%APPDATA%" },
};
/** The module that `clientsModule` makes. */
export const CLIENTS_MODULE = "src/web/app/clients.gen.ts";

/** What `unimem connect` prints for each client, as a module: the page can't load what writes TOML and YAML. */
export function clientsModule(): string {
  const clients = Object.entries(CLIENTS).map(([id, client]) => {
    const textWith = (key: string | null) => {
      const settings = client.settings(
        "unimem",
        client.stdioOnly
          ? { kind: "stdio", command: "unimem", args: ["stdio"], env: {} }
          : { kind: "http", url: ADDRESS, key, ...key === null ? {} : { variable: KEY } },
      );
      const text = "entry" in settings ? edited("", settings, "").text : settings.text;
      return { format: settings.format, text: text.trimEnd() };
    };
    const { format, text } = textWith(null), withKey = textWith(client.variable?.(KEY) ?? KEY).text;
    const starts = client.stdioOnly ?? false, { file } = client;
    const files = file && Object.fromEntries(Object.entries(PLACES).map(([system, place]) => [system, file(place)]));
    return { id, title: client.title, format, starts, files, text, withKey };
  });
  return `/**
 * What each client needs, made by \`deno task web\` from src/cli/connect/table.ts.
 *
 * @module
 */

/** The address in the texts, in whose place the service's own belongs. */
export const ADDRESS = ${JSON.stringify(ADDRESS)};

/** \`starts\`: starts the service itself; \`files\`: the file that \`connect --write\` writes, by system. */
export const CLIENTS: readonly {
  id: string;
  title: string;
  format: "json" | "toml" | "yaml" | "file" | "text";
  starts: boolean;
  files: Record<"linux" | "mac" | "windows", string> | null;
  text: string;
  withKey: string;
}[] = ${JSON.stringify(clients, null, 2)};
`;
}

if (import.meta.main) {
  await Deno.writeTextFile(join(ROOT, CLIENTS_MODULE), clientsModule());
  await bundleWeb(join(ROOT, "src/web/bundle"));
}
