/**
 * The last lines of the service's log.
 *
 * @module
 */

import { useEffect } from "preact/hooks";
import { away, get } from "../api.ts";
import { useData } from "../data.ts";
import { Waiting } from "../parts/common.tsx";
import { go, hrefWith, place } from "../router.ts";
import { dateTime, t } from "../text.ts";

/** Milliseconds between two looks, and lines shown. */
const EVERY_MS = 5000, LIMIT = 200;
const LEVELS = ["debug", "info", "warning", "error"] as const;

interface Line {
  n: number;
  time: string;
  level: typeof LEVELS[number];
  message: string;
  fields: Record<string, string | number | boolean | null>;
}

/** The lines, newest first. */
export function Logs() {
  const level = LEVELS.find((name) => name === place.value.params.get("level")) ?? "debug";
  const requests = place.value.params.has("requests");
  const loaded = useData(
    `logs?${level}&${requests}`,
    (abort) => get<{ lines: Line[] }>("/api/logs", { limit: LIMIT, level, requests }, abort),
  );
  const { data, reload } = loaded;
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && !away.value && reload();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section>
      <div class="heading">
        <h2>{t("logs")}</h2>
        <div class="fields">
          <label class="small-field">
            <span>{t("logs.level")}</span>
            <select
              value={level}
              onChange={(event) => go(hrefWith({ level: event.currentTarget.value }), { replace: true })}
            >
              {LEVELS.map((name) => <option key={name} value={name}>{t(`logs.${name}`)}</option>)}
            </select>
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={requests}
              onChange={(event) => go(hrefWith({ requests: event.currentTarget.checked && "1" }), { replace: true })}
            />{" "}
            {t("logs.requests")}
          </label>
        </div>
      </div>
      {data === undefined && <Waiting of={loaded} />}
      {data?.lines.length === 0 && <p class="muted">{t("logs.none")}</p>}
      {data && data.lines.length > 0 && (
        <div class="scroll log" tabIndex={0} role="region" aria-label={t("logs")}>
          <table class="list" dir="ltr">
            <thead class="hidden">
              <tr>
                <th scope="col">{t("audit.when")}</th>
                <th scope="col">{t("logs.level")}</th>
                <th scope="col">{t("service.message")}</th>
              </tr>
            </thead>
            <tbody>
              {data.lines.map(({ n, time, level, message, fields }) => (
                <tr key={n} class={level}>
                  <td>
                    <time dateTime={time} title={dateTime(Date.parse(time) / 1000)}>{timeOf(time)}</time>
                  </td>
                  <td class="level">{level}</td>
                  <td>
                    {message}{" "}
                    <span class="muted">
                      {Object.entries(fields).map(([name, value]) => `${name}=${value}`).join(" ")}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** Hours to seconds in the reader's zone. */
function timeOf(time: string): string {
  return new Date(time).toLocaleTimeString("en-GB");
}
