/**
 * The first page: what is here, what happened, what waits for the reader.
 *
 * @module
 */

import { get } from "../api.ts";
import { useData } from "../data.ts";
import { aboutOf, events, liveState } from "../live.ts";
import { Chart } from "../parts/chart.tsx";
import { Heading, MemoryLink, News, shortened, Tag, Time, Waiting } from "../parts/common.tsx";
import { newMemory } from "../parts/editor.tsx";
import { hrefOf } from "../router.ts";
import type { Memory, MemoryPage, Upload } from "../shapes.ts";
import { revision } from "../store/changed.ts";
import { health, isChosenTag, tags } from "../store/service.ts";
import { day, hasText, number, t, zone } from "../text.ts";
import { ClientSettings } from "./client_settings.tsx";
import { FileButton } from "./file_button.tsx";
import { inSteps } from "./steps.ts";

/** Memories looked at for duplicates and contradictions here; the page for review looks at all. */
const LOOKED_AT = 100;
/** Candidates counted here at most. */
const CANDIDATES = 100;
const EVENTS_SHOWN = 12, TAGS_SHOWN = 20, NEWEST_SHOWN = 5, DAYS = 7;

interface Growth {
  data_points: { date: string; count: number }[];
}

/** The page. */
export function HomePage() {
  const known = health.value, total = known?.storage.total_memories;
  return (
    <>
      <Heading title={t("home.title")} />
      <News />
      {total === 0 ? <Start /> : total != null && <Overview total={total} />}
      {known === null && <p class="muted" role="status">{t("loading")}</p>}
    </>
  );
}

function Overview({ total }: { total: number }) {
  const changed = revision.value;
  const week = useData(
    `week#${changed}`,
    (abort) => get<Growth>("/api/analytics/memory-growth", { period: "week", timezone: zone() }, abort),
  );
  const newest = useData(
    `newest#${changed}`,
    (abort) => get<MemoryPage>("/api/memories", { page_size: NEWEST_SHOWN }, abort),
  );
  const history = useData(
    `uploads#${changed}`,
    (abort) => get<{ uploads: Upload[] }>("/api/documents/history", {}, abort),
  );
  const uploads = history.data?.uploads;
  const chosen = tags.value.filter(({ tag }) => isChosenTag(tag));
  return (
    <>
      <ul class="figures">
        <Figure href="/memories" value={total} label={t("nav.memories")} />
        {health.value?.storage.conversations != null && (
          <Figure href="/conversations" value={health.value.storage.conversations} label={t("nav.conversations")} />
        )}
        <Figure href="/tags" value={chosen.length} label={t("nav.tags")} />
        <Figure href="/documents" value={uploads?.length} label={t("nav.documents")} />
        <Figure href="/insights" value={known("memories_this_week")} label={t("home.week")} />
      </ul>
      <div class="columns">
        <section>
          <h2>{t("home.happened")}</h2>
          <Waiting of={week} />
          {week.data && (
            <Chart
              title={t("home.sevenDays")}
              unit={t("memories.unit")}
              points={week.data.data_points.slice(-DAYS).map(({ date, count }) => ({
                label: day(date, { weekday: "short", day: "numeric" }),
                value: count,
              }))}
            />
          )}
        </section>
        <section>
          <h2>{t("home.waits")}</h2>
          <Waits uploads={uploads ?? []} />
        </section>
        <section>
          <h2>{t("home.newest")}</h2>
          <Waiting of={newest} />
          <ul class="plain-list">
            {newest.data?.memories.map(({ content, content_hash, created_at }) => (
              <li key={content_hash}>
                <MemoryLink hash={content_hash}>{shortened(content, 120)}</MemoryLink>{" "}
                <small class="muted">
                  <Time at={created_at} />
                </small>
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h2>{t("home.tags")}</h2>
          <ul class="tags">
            {chosen.slice(0, TAGS_SHOWN).map(({ tag, count }) => (
              <li key={tag}>
                <Tag tag={tag} count={count} />
              </li>
            ))}
          </ul>
          {chosen.length > TAGS_SHOWN && (
            <p>
              <a href="/tags">{t("tags.all")}</a>
            </p>
          )}
        </section>
        <Live />
      </div>
    </>
  );
}

function known(name: "memories_this_week"): number | undefined {
  return health.value?.storage[name] ?? undefined;
}

function Figure({ href, value, label }: { href: string; value: number | undefined; label: string }) {
  return (
    <li>
      <a href={href}>
        <strong>{value === undefined ? "–" : number(value)}</strong> <span>{label}</span>
      </a>
    </li>
  );
}

/** What needs a decision or a repair; says so when nothing does. */
function Waits({ uploads }: { uploads: Upload[] }) {
  const changed = revision.value;
  const pairs = useData<{ count: number }>(`contradictions-count#${changed}`, async (abort, show) => {
    const found = new Set<string>();
    await inSteps(
      null,
      LOOKED_AT,
      (scan, created_before) => get<Pairs>("/api/contradictions", { scan, limit: 100, created_before }, abort),
      ({ pairs }) => {
        for (const { first, second } of pairs) found.add(first.content_hash + second.content_hash);
        show({ count: found.size });
        return true;
      },
    );
    return { count: found.size };
  });
  // After the other, for what that compared need not be compared again.
  const groupsKey = pairs.loading ? null : `duplicates-count#${changed}`;
  const groups = useData<{ total_groups: number }>(groupsKey, async (abort, show) => {
    const found = new Set<string>();
    await inSteps(
      null,
      LOOKED_AT,
      (limit, created_before) => get<Groups>("/api/manage/duplicates", { limit, created_before }, abort),
      ({ groups }) => {
        for (const { canonical_hash } of groups) found.add(canonical_hash);
        show({ total_groups: found.size });
        return true;
      },
    );
    return { total_groups: found.size };
  });
  const kept = useData(
    `candidates-count#${changed}`,
    (abort) => get<{ count: number; next_before: number | null }>("/api/candidates", { limit: CANDIDATES }, abort),
  );
  const offered = kept.data?.count ?? 0;
  const failed = uploads.filter(({ status }) => status === "failed" || status === "completed_with_errors").length;
  const { coverage, reembedding } = health.value?.embedding ?? {};
  const waiting = coverage ? coverage.memories - coverage.embedded : 0;
  const broken = health.value?.parts.filter(({ state, action }) => state !== "healthy" && action !== null) ?? [];
  const found = (
    <>
      {pairs.data !== undefined && pairs.data.count > 0 && (
        <li>
          <a href={hrefOf("/review", { show: "contradictions" })}>
            {t("home.contradictions", { n: pairs.data.count })}
          </a>
        </li>
      )}
      {groups.data !== undefined && groups.data.total_groups > 0 && (
        <li>
          <a href="/review">{t("home.duplicates", { n: groups.data.total_groups })}</a>
        </li>
      )}
      {offered > 0 && (
        <li>
          <a href={hrefOf("/review", { show: "candidates" })}>
            {t(kept.data!.next_before === null ? "home.candidates" : "home.candidates.least", { n: offered })}
          </a>
        </li>
      )}
      {failed > 0 && (
        <li>
          <a href="/documents">{t("home.failed", { n: failed })}</a>
        </li>
      )}
      {reembedding
        ? <li>{t("home.reembedding", { done: reembedding.done, total: reembedding.total })}</li>
        : waiting > 0 && <li>{t("home.embedding", { n: waiting })}</li>}
      {broken.map(({ name, message, action }) => (
        <li key={name}>
          <a href="/service">{name}</a>: {message}. {action}
        </li>
      ))}
    </>
  );
  const count = (pairs.data?.count ?? 0) + (groups.data?.total_groups ?? 0) + offered + failed + waiting +
    broken.length;
  if (count > 0 || reembedding) return <ul class="plain-list">{found}</ul>;
  return (
    <p class="muted" role="status">
      {t(pairs.loading || groups.loading || kept.loading ? "loading" : "home.nothingWaits")}
    </p>
  );
}

interface Pairs {
  pairs: { first: Memory; second: Memory }[];
  scanned: number;
  next_before: number | null;
}
interface Groups {
  groups: { canonical_hash: string }[];
  scanned: number;
  next_before: number | null;
}

/** What happens in the service right now. */
function Live() {
  return (
    <section>
      <h2>{t("live")}</h2>
      <p class="muted" id="live-state">{t(`live.${liveState.value}`)}</p>
      <ol class="plain-list" id="events" aria-label={t("live.list")}>
        {events.value.slice(0, EVENTS_SHOWN).map((event) => {
          const name = `event.${event.type}`, hash = event.data.content_hash;
          const about = <span dir="auto">{shortened(aboutOf(event), 90)}</span>;
          const isThere = typeof hash === "string" && event.type !== "memory_deleted";
          return (
            <li key={event.id}>
              <span class="type">{hasText(name) ? t(name) : event.type}</span>{" "}
              {isThere ? <MemoryLink hash={hash}>{about}</MemoryLink> : about}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** Three ways to begin, each complete. */
function Start() {
  return (
    <>
      <p class="lead">{t("start.lead")}</p>
      <div class="columns">
        <section>
          <h2>{t("start.connect")}</h2>
          <ClientSettings />
        </section>
        <section>
          <h2>{t("start.import")}</h2>
          <p>{t("start.import.text")}</p>
          <p class="buttons">
            <FileButton />
            <a class="button" href="/moving">{t("nav.moving")}</a>
          </p>
        </section>
        <section>
          <h2>{t("start.write")}</h2>
          <p>{t("start.write.text")}</p>
          <p>
            <button type="button" class="primary" onClick={newMemory}>{t("memory.new")}</button>
          </p>
        </section>
      </div>
    </>
  );
}
