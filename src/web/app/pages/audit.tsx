/**
 * Who changed what, and who was refused.
 *
 * @module
 */

import { get } from "../api.ts";
import { useData } from "../data.ts";
import { MemoryLink, Time, Waiting } from "../parts/common.tsx";
import { go, hrefWith, place } from "../router.ts";
import { revision } from "../store/changed.ts";
import { number, t } from "../text.ts";

const PAGE_SIZE = 100, HASHES_SHOWN = 3;
const CHANNELS = ["rest", "mcp", "cli", "document", "import", "service"] as const;

interface Entry {
  n: number;
  time: string;
  caller: string | null;
  client?: { name: string };
  channel: string;
  action: string;
  space: string | null;
  hashes: string[];
  count: number;
  outcome: string;
  detail?: string;
}

/** The log, newest first. */
export function Audit() {
  const { params } = place.value,
    channel = params.get("channel"),
    outcome = params.get("outcome"),
    before = params.get("before");
  const query = { limit: PAGE_SIZE, channel, outcome, before };
  const loaded = useData(
    `audit?${channel}&${outcome}&${before}#${revision.value}`,
    (abort) => get<{ entries: Entry[]; next: number | null }>("/api/audit", query, abort),
  );
  const set = (name: string) => (event: { currentTarget: HTMLSelectElement }) =>
    go(hrefWith({ [name]: event.currentTarget.value, before: null }), { replace: true });
  return (
    <>
      <div class="fields">
        <label class="small-field">
          <span>{t("audit.channel")}</span>
          <select value={channel ?? ""} onChange={set("channel")}>
            <option value="">{t("any")}</option>
            {CHANNELS.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <label class="small-field">
          <span>{t("audit.outcome")}</span>
          <select value={outcome ?? ""} onChange={set("outcome")}>
            <option value="">{t("any")}</option>
            <option value="ok">{t("audit.ok")}</option>
            <option value="!ok">{t("audit.failed")}</option>
          </select>
        </label>
      </div>
      <Waiting of={loaded} />
      {loaded.data?.entries.length === 0 && <p class="empty">{t("audit.none")}</p>}
      {loaded.data && loaded.data.entries.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("access.audit")}>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">{t("audit.when")}</th>
                <th scope="col">{t("audit.who")}</th>
                <th scope="col">{t("audit.what")}</th>
                <th scope="col">{t("access.space")}</th>
                <th scope="col">{t("audit.outcome")}</th>
              </tr>
            </thead>
            <tbody>
              {loaded.data.entries.map((entry) => (
                <tr key={entry.n}>
                  <td>
                    <Time at={Date.parse(entry.time) / 1000} />
                  </td>
                  <td dir="auto">
                    {[entry.caller ?? t("unknown"), entry.client?.name, entry.channel].filter(Boolean).join(", ")}
                  </td>
                  <td>
                    {entry.action} {entry.count > 1 && `(${number(entry.count)})`}{" "}
                    {entry.hashes.slice(0, HASHES_SHOWN).map((hash) => (
                      <span key={hash}>
                        <MemoryLink hash={hash}>{hash.slice(0, 10)}</MemoryLink>
                        {" "}
                      </span>
                    ))}
                  </td>
                  <td dir="auto">{entry.space}</td>
                  <td class={entry.outcome === "ok" ? "" : "error"}>{entry.outcome}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {loaded.data?.next != null && (
        <p>
          <a class="button" href={hrefWith({ before: loaded.data.next })}>{t("audit.older")}</a>
        </p>
      )}
    </>
  );
}
