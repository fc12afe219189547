/**
 * `open`: the dashboard of the running service.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { type ClientContext, examples, show } from "./context.ts";
import { running } from "./remote.ts";

/** What opens an address in the user's browser, by system. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  windows: ["explorer.exe"],
  linux: ["xdg-open"],
};

/** Adds the command. */
export function addOpen(program: Command, context: ClientContext): void {
  program.command("open").description("the address of the dashboard, in the browser where that can be started")
    .option("--json", "only print the address, as JSON").addHelpText("after", examples(["open", "open --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      const service = await running(context);
      if (service === null) {
        throw new MemoryError(
          "unavailable",
          "Cannot open the dashboard: no service runs over this data folder; start it: unimem",
        );
      }
      const url = `${service.url}/`;
      show(context, json, { url }, () => [url]);
      const opener = OPENERS[context.place.os];
      if (json || !context.terminal || opener === undefined || !context.mayRun(opener[0]!)) return;
      // The address stands above for those without a browser here.
      await context.run([...opener, url]).catch(() => {});
    });
}
