/**
 * Reads the values of settings from the environment, reporting every one that can't be used.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { errorText } from "../errors.ts";
import { type Setting, SETTINGS, type SettingValues } from "../settings.ts";
import { type EnvLayer, valuesByName } from "./env_layers.ts";
import { expandHome, homeOf } from "./home.ts";
import { isUnsupported, misspelt } from "./unknown.ts";

/** Where a setting's value comes from. */
export interface SettingOrigin {
  name: string;
  /** As it was written; null when it isn't set, or a secret. */
  value: string | null;
  origin: EnvLayer["origin"] | "default";
  /** Path of the file it is from; null for the environment and defaults. */
  file: string | null;
  /** The default in words. */
  default: string;
  secret: boolean;
}

/** Names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS);

/** Each setting as it was written, and where; an empty value counts as unset. */
export function settingOrigins(layers: readonly EnvLayer[]): SettingOrigin[] {
  const places = layers.map((layer) => ({ ...layer, values: valuesByName(layer.values) }));
  return Object.entries<Setting>(SETTINGS).map(([name, entry]) => {
    const place = places.find(({ values }) => values.has(name)), value = place?.values.get(name);
    const set = place !== undefined && value !== undefined && value.trim() !== "";
    return {
      name,
      value: !set || entry.secret ? null : value,
      origin: set ? place.origin : "default",
      file: set ? place.file : null,
      default: entry.default,
      secret: entry.secret ?? false,
    };
  });
}

/**
 * Whether a setting's value is a path from the folder that the process works in. Of settings that take a model's name
 * too, such a path has a dot in front.
 */
export function isRelativePath(name: string, value: string): boolean {
  const { path, schema } = (SETTINGS as Readonly<Record<string, Setting>>)[name] ?? {};
  return path === true && !value.startsWith("~") && !isAbsolute(value) &&
    (schema!.description === "a path" || /^\.{1,2}[/\\]/.test(value));
}

/** Whether a variable is a setting, in any case. */
export function isSetting(name: string): boolean {
  return Object.hasOwn(SETTINGS, name.toUpperCase());
}

/** Something that is set, or meant to be, and has no effect. */
export interface WithoutEffect {
  message: string;
  action: string;
}

/** What is set without effect though someone may count on it: names, never values. */
export function settingsWithoutEffect(
  env: Readonly<Record<string, string | undefined>>,
  malformed: readonly string[] = [],
): WithoutEffect[] {
  const names = Object.keys(env).filter((name) => (env[name] ?? "").trim() !== "");
  const unsupported = names.filter((name) => isUnsupported(name.toUpperCase())).sort();
  return [
    ...unsupported.length > 0
      ? [{
        message: `${unsupported.join(", ")}: known from the Python service, but not supported, without effect`,
        action: "Leave out what isn't needed; docs/settings.md lists every setting",
      }]
      : [],
    ...misspelt(names, SETTING_NAMES).map(([name, meant]) => ({
      message: `${name} is not a setting and has no effect`,
      action: `Use ${meant}, if that is meant`,
    })),
    ...malformed.map((place) => ({
      message: `${place[0]!.toUpperCase()}${place.slice(1)} is not NAME=value and has no effect`,
      action: "Correct the line, or put # in front",
    })),
  ];
}

/** The settings that are set, parsed; adds a line to `problems` for each that is wrong. */
export function readSettings(env: Readonly<Record<string, string | undefined>>, problems: string[]): SettingValues {
  const byName = valuesByName(env);
  const values: Record<string, unknown> = {}, home = homeOf(env);
  for (const [name, entry] of Object.entries<Setting>(SETTINGS)) {
    const value = byName.get(name);
    if (value === undefined || (value.trim() === "" && !entry.secret)) continue;
    const parsed = entry.schema.safeParse(value);
    if (parsed.success) {
      try {
        values[name] = entry.path ? expandHome(String(parsed.data), home) : parsed.data;
      } catch (error) {
        problems.push(`${name}: ${errorText(error)}`);
      }
    } else problems.push(`${name}=${entry.secret ? shownSecret(value) : JSON.stringify(value)}: use ${allowed(entry)}`);
  }
  return values as SettingValues;
}

function allowed(entry: Setting): string {
  return entry.schema.description ?? "another value";
}

function shownSecret(value: string): string {
  return value.trim() === "" ? '""' : "(secret)";
}
