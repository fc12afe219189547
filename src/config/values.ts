/**
 * Reads the values of settings from the environment, reporting every one that can't be used.
 *
 * @module
 */

import { type Setting, SETTINGS, type SettingValues } from "../settings.ts";

/** Where a setting's value comes from. */
export interface SettingOrigin {
  name: string;
  /** As it was written; null when it isn't set, or a secret. */
  value: string | null;
  origin: "environment" | ".env" | "default";
  /** The default in words. */
  default: string;
  secret: boolean;
}

/** Names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS);

/** Each setting as it was written, and where; an empty value counts as unset. */
export function settingOrigins(
  environment: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string | undefined>>,
): SettingOrigin[] {
  const outside = valuesByName(environment), inFile = valuesByName(file);
  return Object.entries<Setting>(SETTINGS).map(([name, entry]) => {
    const value = outside.get(name) ?? inFile.get(name), set = value !== undefined && value.trim() !== "";
    return {
      name,
      value: !set || entry.secret ? null : value,
      origin: !set ? "default" : outside.has(name) ? "environment" : ".env",
      default: entry.default,
      secret: entry.secret ?? false,
    };
  });
}

/** The exact spelling wins where several spellings of a name are set. */
function valuesByName(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const byName = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    if (value !== undefined && (name === upper || !byName.has(upper))) byName.set(upper, value);
  }
  return byName;
}

/** The settings that are set, parsed; adds a line to `problems` for each that is wrong. */
export function readSettings(env: Readonly<Record<string, string | undefined>>, problems: string[]): SettingValues {
  const byName = valuesByName(env);
  const values: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries<Setting>(SETTINGS)) {
    const value = byName.get(name);
    if (value === undefined || (value.trim() === "" && !entry.secret)) continue;
    const parsed = entry.schema.safeParse(value);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}=${entry.secret ? shownSecret(value) : JSON.stringify(value)}: use ${allowed(entry)}`);
  }
  return values as SettingValues;
}

function allowed(entry: Setting): string {
  return entry.schema.description ?? "another value";
}

function shownSecret(value: string): string {
  return value.trim() === "" ? '""' : "(secret)";
}
