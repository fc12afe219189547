/**
 * The settings of this process: its environment, and the files that it is told of.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import {
  type Config,
  dataFolder,
  type EnvLayers,
  isRelativePath,
  isSetting,
  mergeLayers,
  parseConfig,
  readEnvLayers,
  type SettingOrigin,
  settingOrigins,
  settingsWithoutEffect,
  spacesIn,
  type WithoutEffect,
} from "../config.ts";
import type { Reach } from "../config/data_folder.ts";
import { statOf } from "../files.ts";
import { storeName } from "../operations/service_file.ts";
import { platform, PROGRAM, taskCallersFolder, workingFolder } from "./environment.ts";

/** Settings that also count for a data folder of its own. */
const OWN_FOLDER_SETTINGS = /^(HOME|USERPROFILE|APPDATA|LOCALAPPDATA|MCP_(HTTP|SERVER)_(HOST|PORT)|(MCP_)?LOG_\w+)$/;

/** Settings and where they come from; read when first asked for, once. */
export interface SettingSource {
  /** @param forOneUser Whether the process serves the one user who started it. */
  config: (forOneUser: boolean) => Config;
  /** Settings for a data folder of its own: the defaults, but for addresses and the log. */
  configIn: (folder: string) => Config;
  layers: () => EnvLayers;
  /** The variables of all layers. */
  environment: () => Record<string, string>;
  origins: () => SettingOrigin[];
  /** @throws {MemoryError} `invalid_input` for what is no name of a space. */
  spacesIn: (text: string) => string[];
  withoutEffect: () => WithoutEffect[];
}

/** @param envFile Path of the file that `--env-file` names; null without one. */
export function settingsFrom(envFile: string | null): SettingSource {
  const machine = platform();
  let layers: EnvLayers | undefined;
  const parsed = new Map<boolean, Config>();
  const read = () =>
    layers ??= readEnvLayers({
      environment: environment(),
      named: envFile,
      program: PROGRAM,
      cwd: workingFolder(),
      dataFolder: (layers) => dataFolder(mergeLayers(layers), machine),
      isSetting,
      files: {
        read: (path) => Deno.readTextFileSync(path),
        stat: statOf,
        real: (path) => Deno.realPathSync(path),
      },
    });
  return {
    layers: read,
    config: (forOneUser) => {
      const found = parsed.get(forOneUser) ?? parseConfig(mergeLayers(read().layers), { ...machine, forOneUser });
      parsed.set(forOneUser, found);
      return found;
    },
    environment: () => mergeLayers(read().layers),
    origins: () => settingOrigins(read().layers),
    spacesIn,
    configIn: (folder) => {
      const kept = Object.entries(mergeLayers(read().layers)).filter(([name]) => OWN_FOLDER_SETTINGS.test(name));
      return parseConfig({ ...Object.fromEntries(kept), MCP_MEMORY_BASE_DIR: folder }, {
        ...machine,
        forOneUser: true,
      });
    },
    withoutEffect: () => {
      const { layers, malformed, ignored } = read();
      return [
        ...ignored === null ? [] : [{
          message: `${ignored.path} is not read, though it holds ${ignored.names.join(", ")}`,
          action: "Start with --env-file ./.env, if it is meant",
        }],
        ...settingsWithoutEffect(mergeLayers(layers), malformed),
      ];
    },
  };
}

/** The variables; a path in one means what it does in the folder that the command was called in. */
function environment(): Record<string, string> {
  const variables = Deno.env.toObject(), folder = taskCallersFolder();
  if (folder === null) return variables;
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      isRelativePath(name.toUpperCase(), value) ? resolve(folder, value) : value,
    ]),
  );
}

/** How a service is reached by these settings. */
export function reachOf({ remote, spaces, baseDir, storage, operations }: Config): Reach {
  return {
    ...remote,
    spaces,
    baseDir,
    dataFolder: storage.backend === "sqlite" ? dirname(storage.path) : baseDir,
    store: storeName(storage),
    timeZone: operations.timeZone,
  };
}
