/**
 * Figures about what is stored and what is asked.
 *
 * @module
 */

import { Calendar, Chart, Ranking } from "../parts/chart.tsx";
import { Facts, Heading, MemoryLink, shortened, Waiting } from "../parts/common.tsx";
import { go, hrefOf, hrefWith, place } from "../router.ts";
import { isChosenTag } from "../store/service.ts";
import { bytes, day, number, t, zone } from "../text.ts";
import { Searches } from "./searches.tsx";
import { useReport } from "./report.ts";

const PERIODS = ["week", "month", "quarter", "year"] as const;
const TAGS_SHOWN = 15, MEMORIES_SHOWN = 10, WRITERS_SHOWN = 10;

interface Growth {
  data_points: { date: string; count: number; cumulative: number }[];
}
interface Heatmap {
  data: { date: string; count: number; level: number }[];
  total_days: number;
}
interface Breakdown {
  breakdown: { label: string; count: number }[];
  current_streak: number;
  longest_streak: number;
}
interface TagUse {
  tag: string;
  count: number;
  growth_rate: number | null;
}
interface Storage {
  total_size_mb: number;
  average_memory_size: number;
  largest_memories: { hash: string; size: number; content_preview: string }[];
}
interface Counted {
  name: string | null;
  count: number;
}
interface Writers {
  writers: Counted[];
  clients: Counted[];
  channels: Counted[];
}

/** The page. */
export function InsightsPage() {
  const period = PERIODS.find((name) => name === place.value.params.get("period")) ?? "month";
  return (
    <>
      <Heading title={t("nav.insights")}>
        <label class="small-field">
          <span>{t("insights.period")}</span>
          <select
            value={period}
            onChange={(event) => go(hrefWith({ period: event.currentTarget.value }), { replace: true })}
          >
            {PERIODS.map((name) => <option key={name} value={name}>{t(`period.${name}`)}</option>)}
          </select>
        </label>
      </Heading>
      <div class="columns wide">
        <GrowthCharts period={period} />
        <Days />
        <Tags period={period} />
        <Sizes />
        <Who />
        <Searches />
      </div>
    </>
  );
}

function GrowthCharts({ period }: { period: string }) {
  const growth = useReport<Growth>("memory-growth", { period, timezone: zone() }),
    points = growth.data?.data_points ?? [];
  const label = (date: string) => day(date, { day: "numeric", month: "short" });
  return (
    <section>
      <h2>{t("insights.growth")}</h2>
      <Waiting of={growth} />
      {growth.data && (
        <>
          <Chart
            title={t("insights.total")}
            kind="line"
            unit={t("memories.unit")}
            points={points.map(({ date, cumulative }) => ({ label: label(date), value: cumulative }))}
          />
          <Chart
            title={t("insights.new")}
            unit={t("memories.unit")}
            points={points.map(({ date, count }) => ({ label: label(date), value: count }))}
          />
        </>
      )}
    </section>
  );
}

function Days() {
  const year = useReport<Heatmap>("activity-heatmap", { timezone: zone() });
  const hours = useReport<Breakdown>("activity-breakdown", { granularity: "hourly", timezone: zone() });
  return (
    <section>
      <h2>{t("insights.when")}</h2>
      <Waiting of={year} />
      {year.data && <Calendar title={t("insights.calendar")} days={year.data.data} />}
      <Waiting of={hours} />
      {hours.data && (
        <>
          <Chart
            title={t("insights.hours")}
            unit={t("memories.unit")}
            points={hours.data.breakdown.map(({ label, count }) => ({ label, value: count }))}
          />
          <Facts
            rows={[
              [t("insights.streak"), t("time.days", { n: hours.data.current_streak })],
              [t("insights.longest"), t("time.days", { n: hours.data.longest_streak })],
            ]}
          />
        </>
      )}
    </section>
  );
}

function Tags({ period }: { period: string }) {
  const types = useReport<{ types: { memory_type: string; count: number }[] }>("memory-types");
  const used = useReport<{ tags: TagUse[] }>("tag-usage", { period, timezone: zone() });
  const chosen = used.data?.tags.filter(({ tag }) => isChosenTag(tag)).slice(0, TAGS_SHOWN) ?? [];
  const moved = chosen.filter(({ growth_rate }) => growth_rate !== null && growth_rate !== 0);
  return (
    <section>
      <h2>{t("insights.about")}</h2>
      <Waiting of={types} />
      {types.data && (
        <Ranking
          title={t("types")}
          unit={t("memories.unit")}
          points={types.data.types.slice(0, TAGS_SHOWN).map(({ memory_type, count }) => ({
            label: memory_type,
            value: count,
          }))}
        />
      )}
      <Waiting of={used} />
      {used.data && (
        <Ranking
          title={t("insights.tags")}
          unit={t("memories.unit")}
          points={chosen.map(({ tag, count }) => ({ label: tag, value: count }))}
          link={(tag) => hrefOf("/memories", { tag })}
        />
      )}
      {moved.length > 0 && (
        <Facts
          rows={moved.map((
            { tag, growth_rate },
          ) => [tag, t("insights.change", { change: `${growth_rate! > 0 ? "+" : ""}${number(growth_rate!)}` })])}
        />
      )}
    </section>
  );
}

function Sizes() {
  const storage = useReport<Storage>("storage-stats", { timezone: zone() });
  return (
    <section>
      <h2>{t("insights.sizes")}</h2>
      <Waiting of={storage} />
      {storage.data && (
        <>
          <Facts
            rows={[
              [t("insights.disk"), bytes(storage.data.total_size_mb * 2 ** 20)],
              [t("insights.average"), bytes(storage.data.average_memory_size)],
            ]}
          />
          <h3>{t("insights.largest")}</h3>
          <ul class="plain-list">
            {storage.data.largest_memories.slice(0, MEMORIES_SHOWN).map(({ hash, size, content_preview }) => (
              <li key={hash}>
                <MemoryLink hash={hash}>{shortened(content_preview, 90)}</MemoryLink>{" "}
                <small class="muted">{bytes(size)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** Who stored the memories. */
function Who() {
  const who = useReport<Writers>("writers"), { data } = who;
  const ranking = (
    title: "insights.writers" | "insights.clients" | "insights.channels",
    counted: readonly Counted[],
  ) => (
    <Ranking
      title={t(title)}
      unit={t("memories.unit")}
      points={counted.slice(0, WRITERS_SHOWN).map(({ name, count }) => ({ label: name ?? t("unknown"), value: count }))}
    />
  );
  return (
    <section>
      <h2>{t("insights.who")}</h2>
      <Waiting of={who} />
      {data && (
        <>
          {ranking("insights.writers", data.writers)}
          {ranking("insights.clients", data.clients)}
          {ranking("insights.channels", data.channels)}
        </>
      )}
    </section>
  );
}
