/**
 * The command line in this process, over a data folder, with what it prints.
 *
 * @module
 */

// First, because its packages give zod's schemas the methods that describe them in OpenAPI, and only those made later.
import { closeAll, openForCommand, openHere } from "../../src/unified.ts";
import { parseConfig, settingOrigins, spacesIn } from "../../src/config.ts";
import { reachOf } from "../../src/process/settings.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { processName, startWork } from "../../src/service/background.ts";
import { configuredModel, examineModel } from "../../src/service/embedding.ts";
import { examineStore, openOutbox, openStore, storeFiles } from "../../src/service/store.ts";

/** A context of commands, and everything that was said. */
export function contextIn(folder: string, variables: Record<string, string> = {}) {
  const said: string[] = [], log = createLogger("error", () => {});
  const environment: Record<string, string> = {
    HOME: folder,
    PATH: "/usr/bin:/bin",
    MCP_MEMORY_BASE_DIR: `${folder}/data`,
    HF_HUB_OFFLINE: "true",
    ...variables,
  };
  const configIn = (folder: string) =>
    parseConfig({ ...environment, MCP_MEMORY_BASE_DIR: folder }, {
      os: "linux",
      cores: 2,
      timeZone: "UTC",
      forOneUser: true,
    });
  const config = () => configIn(environment.MCP_MEMORY_BASE_DIR!);
  const context: CliContext = {
    config,
    configIn,
    load: () => Promise.resolve(),
    reach: () => reachOf(config()),
    spacesIn,
    // The model would be loaded for each command anew.
    openHere: (config) => openHere(config, false, log),
    environment: () => environment,
    ask: () => false,
    secret: () => Promise.resolve(""),
    mayRun: () => false,
    run: () => Promise.resolve(1),
    log,
    print: (line) => void said.push(line),
    note: (text) => void said.push(text),
    get input() {
      return new Blob([]).stream();
    },
    terminal: false,
    colour: false,
    place: {
      os: "linux",
      home: folder,
      appData: undefined,
      cwd: folder,
      launcher: ["/usr/bin/unimem"],
      packaged: true,
    },
    signal: new AbortController().signal,
    origins: () => settingOrigins([{ origin: "environment", file: null, values: environment }]),
    withoutEffect: () => [],
    examine: { store: examineStore, model: examineModel },
    serve: () => Promise.reject(new Error("It would serve")),
    openRuntime: openForCommand,
    close: (runtime, stopWork = () => Promise.resolve()) => closeAll(runtime, [], stopWork),
    startWork,
    openStore,
    openOutbox,
    configuredModel,
    processName: processName(),
    storeFiles,
  };
  return { context, said };
}
