/**
 * `version`: this build and what it is made of.
 *
 * @module
 */

import type { Command } from "commander";
import { VERSION } from "../version.ts";
import { type CliContext, examples } from "./context.ts";

/** Packages whose versions matter when something is to be explained. */
const TOLD = ["@modelcontextprotocol/server", "hono", "onnxruntime-node", "commander", "zod"];

/** Adds the command. */
export function addVersion(program: Command, context: CliContext): void {
  program.command("version").description("print the version").option("--json", "with what it is made of, as JSON")
    .addHelpText("after", examples(["version", "version --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      if (!json) return context.print(VERSION);
      const { default: { imports } } = await import("../../import_map.json", { with: { type: "json" } });
      const packages = Object.entries<string>(imports).flatMap(([name, specifier]) =>
        TOLD.includes(name) ? [[name, specifier.slice(specifier.lastIndexOf("@") + 1)]] : []
      );
      context.print(JSON.stringify({
        version: VERSION,
        deno: Deno.version.deno,
        v8: Deno.version.v8,
        platform: Deno.build.target,
        schema: await context.storeFiles.schemaVersion(),
        model: modelName(context),
        packages: Object.fromEntries(packages),
      }));
    });
}

/** The model that the settings ask for; null while they are wrong. */
function modelName(context: CliContext): string | null {
  try {
    return context.config().embedding.model;
  } catch {
    return null;
  }
}
