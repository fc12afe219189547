/**
 * Checks the settings: every problem, and variables without effect.
 *
 * @module
 */

import { accessWarnings, type Config, type WithoutEffect } from "../../config.ts";
import { errorText } from "../../errors.ts";
import { failed, type NamedResult, ok, warning } from "./check.ts";

const ACTION = "Correct it in the environment or in .env; docs/settings.md lists every setting";

/** The settings, or null with a check for each problem; and a warning for whatever is set without effect. */
export function checkSettings(
  read: () => Config,
  withoutEffect: readonly WithoutEffect[],
): { config: Config | null; checks: NamedResult[] } {
  const checks = withoutEffect.map(({ message, action }) => warning("settings", message, action));
  try {
    const config = read();
    for (const { message, action } of accessWarnings(config.access)) {
      checks.push(warning("settings", message, action.replace(/^./, (first) => first.toUpperCase())));
    }
    return {
      config,
      checks: checks.length > 0 ? checks : [ok("settings", `All understood; store ${config.storage.backend}`)],
    };
  } catch (error) {
    const [, ...problems] = errorText(error).split("\n");
    const lines = problems.length > 0 ? problems : [errorText(error)];
    return { config: null, checks: [...lines.map((line) => failed("settings", line.trim(), ACTION)), ...checks] };
  }
}
