/**
 * What was searched: how often, how fast, how often for nothing; and for what, where that is recorded.
 *
 * @module
 */

import { call } from "../api.ts";
import { Chart, Ranking } from "../parts/chart.tsx";
import { Facts, MemoryLink, shortened, Time, Waiting } from "../parts/common.tsx";
import { hrefOf } from "../router.ts";
import { isAdminOfAll } from "../store/caller.ts";
import { changed } from "../store/changed.ts";
import { orNotify } from "../store/notices.ts";
import { dateTime, day, number, t } from "../text.ts";
import { useReport } from "./report.ts";

const MEMORIES_SHOWN = 10, RECORDED_SHOWN = 20, DAYS = 7;
const DAY_MS = 86_400_000, HOUR_S = 3600;

interface Figures {
  total_searches: number;
  avg_response_time: number | null;
  search_types: Record<string, number>;
  without_result: number;
  by_hour: { hour: string; count: number; without_result: number }[];
}
interface Access {
  memories: { content_hash: string; content_preview: string; access_count: number }[];
  since: string;
}
interface Recorded {
  recording: boolean;
  searches: { timestamp: number; caller: string; query: string; results_count: number; search_type: string }[];
}

/** The section. */
export function Searches() {
  const searches = useReport<Figures>("search-analytics"),
    access = useReport<Access>("access-patterns", { limit: MEMORIES_SHOWN });
  return (
    <section>
      <h2>{t("insights.searches")}</h2>
      <Waiting of={searches} />
      {searches.data && <Charts figures={searches.data} since={access.data?.since} />}
      {access.data && access.data.memories.length > 0 && (
        <>
          <h3>{t("insights.read")}</h3>
          <ul class="plain-list">
            {access.data.memories.map(({ content_hash, content_preview, access_count }) => (
              <li key={content_hash}>
                <MemoryLink hash={content_hash}>{shortened(content_preview, 90)}</MemoryLink>{" "}
                <small class="muted">{t("count.times", { n: access_count })}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      {isAdminOfAll.value && <Latest />}
    </section>
  );
}

function Charts({ figures, since }: { figures: Figures; since: string | undefined }) {
  const { total_searches, avg_response_time, search_types, without_result, by_hour } = figures;
  const days = daysOf(by_hour), inWeek = by_hour.reduce((sum, { count }) => sum + count, 0);
  const hours = since === undefined ? null : (Date.now() - Date.parse(since)) / 1000 / HOUR_S;
  const points = (value: "count" | "without_result") =>
    days.map((one) => ({ label: day(one.at / 1000, { weekday: "short", day: "numeric" }), value: one[value] }));
  return (
    <>
      <Facts
        rows={[
          [t("insights.searches.count"), number(total_searches)],
          [t("insights.searches.time"), avg_response_time !== null && `${number(avg_response_time, 1)} ms`],
          [t("insights.searches.perHour"), hours !== null && hours >= 1 && number(total_searches / hours, 1)],
          [
            t("insights.searches.rate"),
            inWeek > 0 && `${number(without_result)} (${number(without_result / inWeek * 100, 1)} %)`,
          ],
          [t("insights.since"), since && dateTime(Date.parse(since) / 1000)],
        ]}
      />
      <Chart
        title={t("insights.searches.week")}
        unit={t("insights.searches.count")}
        points={inWeek > 0 ? points("count") : []}
      />
      {without_result > 0 && (
        <Chart
          title={t("insights.searches.fruitless")}
          unit={t("insights.searches.count")}
          points={points("without_result")}
        />
      )}
      <Ranking
        title={t("insights.searches.types")}
        unit={t("insights.searches.count")}
        points={Object.entries(search_types).map(([label, value]) => ({ label, value })).sort((a, b) =>
          b.value - a.value
        )}
      />
    </>
  );
}

/** The last days of the reader's zone, each with its searches. */
function daysOf(hours: Figures["by_hour"]): { at: number; count: number; without_result: number }[] {
  const midnight = new Date().setHours(0, 0, 0, 0);
  // Noon, which is on its day wherever clocks are changed.
  const days = Array.from(
    { length: DAYS },
    (_, i) => ({ at: midnight + DAY_MS / 2 - (DAYS - 1 - i) * DAY_MS, count: 0, without_result: 0 }),
  );
  for (const { hour, count, without_result } of hours) {
    const date = new Date(hour).toDateString(), found = days.find(({ at }) => new Date(at).toDateString() === date);
    if (found === undefined) continue;
    found.count += count;
    found.without_result += without_result;
  }
  return days;
}

/** What was searched for, where that is recorded. */
function Latest() {
  const recorded = useReport<Recorded>("searches", { limit: RECORDED_SHOWN }), { data } = recorded;
  if (data === undefined) return <Waiting of={recorded} />;
  if (!data.recording) {
    return (
      <p class="muted">
        {t("insights.searches.off")} <code>MCP_RECORD_SEARCHES</code>.
      </p>
    );
  }
  return (
    <>
      <h3>{t("insights.searches.recorded")}</h3>
      <ul class="plain-list">
        {data.searches.map(({ timestamp, caller, query, results_count }) => (
          <li key={`${timestamp} ${query}`}>
            <a href={hrefOf("/memories", { q: query })} dir="auto">{query}</a>{" "}
            <small class="muted">
              {t("insights.searches.found", { n: results_count })}, {caller}, <Time at={timestamp} />
            </small>
          </li>
        ))}
      </ul>
      {data.searches.length > 0 && (
        <p>
          <button type="button" onClick={() => orNotify(forget)}>{t("insights.searches.forget")}</button>
        </p>
      )}
    </>
  );
}

async function forget(): Promise<void> {
  await call("DELETE", "/api/analytics/searches");
  changed();
}
