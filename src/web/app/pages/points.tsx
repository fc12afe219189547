/**
 * The points: a canvas to look at, and a list of the same for the keyboard and for those who don't see it.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api.ts";
import { useData } from "../data.ts";
import { MemoryLink, shortened, Waiting } from "../parts/common.tsx";
import { draw, nearest, type Point, type View } from "../parts/scatter.ts";
import { go, hrefOf, hrefWith, place } from "../router.ts";
import { revision } from "../store/changed.ts";
import { isChosenTag } from "../store/service.ts";
import { theme } from "../store/theme.ts";
import { number, t } from "../text.ts";

const LIMITS = [500, 2000, 10_000] as const;
/** Groups that get a colour of their own; the style sheet has as many. */
const GROUPS = 8;
const LISTED = 40, RETRY_MS = 400;
/** Factor of a step nearer. */
const ZOOM = 1.5, MOST_ZOOM = 30;

interface MapAnswer {
  state: "building" | "ready";
  points: (Point & { content_hash: string; memory_type: string | null; tags: string[]; preview: string })[];
  total: number;
  without_vectors: number;
}

/** The map. */
export function PointsPart() {
  const { params } = place.value, by = params.get("by") === "tag" ? "tag" : "type";
  const limit = LIMITS.find((one) => String(one) === params.get("limit")) ?? 2000;
  const loaded = useData(`map?${limit}#${revision.value}`, (abort) => whenReady(limit, abort)), { data } = loaded;
  const chosen = params.get("group"), view = useSignal<View>({ x: 0, y: 0, zoom: 1 });
  const groupOf = (point: MapAnswer["points"][number]) =>
    by === "type" ? point.memory_type ?? t("type.none") : point.tags.find(isChosenTag) ?? t("map.untagged");
  const groups = countsOf(data?.points.map(groupOf) ?? []).slice(0, GROUPS);
  const colourOf = new Map(groups.map(([name], index) => [name, index]));
  const points = data?.points ?? [];
  const coloured = points.map((point) => ({ ...point, colour: colourOf.get(groupOf(point)) ?? null }));
  const shown = coloured.filter((point) => chosen === null || groupOf(point) === chosen);
  const step = (factor: number) => {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, view.value.zoom * factor));
    view.value = zoom === 1 ? { x: 0, y: 0, zoom } : { ...view.value, zoom };
  };
  const set = (name: string) => (event: { currentTarget: HTMLSelectElement }) =>
    go(hrefWith({ [name]: event.currentTarget.value, group: null }), { replace: true });
  return (
    <>
      <div class="fields">
        <label class="small-field">
          <span>{t("map.by")}</span>
          <select value={by} onChange={set("by")}>
            <option value="type">{t("type")}</option>
            <option value="tag">{t("tag")}</option>
          </select>
        </label>
        <label class="small-field">
          <span>{t("map.limit")}</span>
          <select value={String(limit)} onChange={set("limit")}>
            {LIMITS.map((one) => <option key={one} value={String(one)}>{number(one)}</option>)}
          </select>
        </label>
        <span class="buttons">
          <button type="button" aria-label={t("map.nearer")} onClick={() => step(ZOOM)}>+</button>
          <button type="button" aria-label={t("map.farther")} onClick={() => step(1 / ZOOM)}>−</button>
        </span>
      </div>
      <Waiting of={loaded} />
      {data && (
        <>
          <p class="summary" role="status">
            {t("map.summary", { shown: shown.length, n: data.total })}
            {data.without_vectors > 0 && ` · ${t("home.embedding", { n: data.without_vectors })}`}
          </p>
          <ul class="tags" aria-label={t("map.groups")}>
            {groups.map(([name, count], index) => (
              <li key={name}>
                <a
                  class="tag"
                  href={hrefWith({ group: name === chosen ? null : name })}
                  aria-current={name === chosen ? "true" : undefined}
                >
                  <span class={`swatch colour-${index}`} aria-hidden="true" />
                  <span dir="auto">{name}</span> <small>{number(count)}</small>
                </a>
              </li>
            ))}
          </ul>
          <div class="map">
            <Canvas points={shown} view={view.value} move={(next) => view.value = next} step={step} />
            <List points={shown} view={view.value} />
          </div>
        </>
      )}
    </>
  );
}

async function whenReady(limit: number, signal: AbortSignal): Promise<MapAnswer> {
  while (true) {
    const answer = await get<MapAnswer>("/api/map", { limit }, signal);
    if (answer.state === "ready") return answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    signal.throwIfAborted();
  }
}

/** Names with how often each comes, most often first. */
function countsOf(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

type Shown = MapAnswer["points"][number] & { colour: number | null };

function Canvas(
  { points, view, move, step }: {
    points: Shown[];
    view: View;
    move: (view: View) => void;
    step: (factor: number) => void;
  },
) {
  const canvas = useRef<HTMLCanvasElement>(null),
    tip = useSignal<string | null>(null),
    drag = useRef<View | null>(null);
  useEffect(() => {
    const element = canvas.current!, redraw = () => draw(element, points, view);
    redraw();
    // Leaving the page is a change of size as well, and the canvas is no longer in it by then.
    const watch = new ResizeObserver(() => element.isConnected && redraw());
    watch.observe(element);
    return () => watch.disconnect();
  }, [points, view, theme.value]);
  const under = (event: MouseEvent) => nearest(canvas.current!, points, view, event.offsetX, event.offsetY);
  const press = (event: PointerEvent) => {
    canvas.current!.setPointerCapture(event.pointerId);
    drag.current = { x: event.offsetX, y: event.offsetY, zoom: 0 };
  };
  const over = (event: PointerEvent) => {
    const from = drag.current;
    if (from === null || event.buttons === 0) return void (tip.value = under(event)?.preview ?? null);
    const size = Math.min(canvas.current!.clientWidth, canvas.current!.clientHeight) / 2 * view.zoom;
    const moved = Math.hypot(event.offsetX - from.x, event.offsetY - from.y);
    if (moved < 4 && from.zoom === 0) return;
    move({ ...view, x: view.x - (event.offsetX - from.x) / size, y: view.y + (event.offsetY - from.y) / size });
    drag.current = { x: event.offsetX, y: event.offsetY, zoom: 1 };
  };
  const release = (event: PointerEvent) => {
    // A press that didn't move the map opens what it meets.
    const isPress = drag.current?.zoom === 0, point = isPress ? under(event) : null;
    drag.current = null;
    if (point) go(hrefOf("/memory", { hash: point.content_hash }));
  };
  useEffect(() => {
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      step(event.deltaY < 0 ? ZOOM : 1 / ZOOM);
    };
    canvas.current!.addEventListener("wheel", wheel, { passive: false });
    return () => canvas.current?.removeEventListener("wheel", wheel);
  }, [step]);
  return (
    <div class="picture">
      <canvas
        ref={canvas}
        role="img"
        aria-label={t("map.picture", { n: points.length })}
        onPointerDown={press}
        onPointerMove={over}
        onPointerUp={release}
        onPointerLeave={() => tip.value = null}
      />
      <p class="tip" dir="auto" aria-hidden="true">{tip.value ?? t("map.hint")}</p>
    </div>
  );
}

/** The points nearest to the middle of what is shown. */
function List({ points, view }: { points: Shown[]; view: View }) {
  const distance = ({ x, y }: Shown) => (x - view.x) ** 2 + (y - view.y) ** 2;
  const listed = [...points].sort((a, b) => distance(a) - distance(b)).slice(0, LISTED);
  return (
    <section>
      <h2>{t("map.list")}</h2>
      <ul class="plain-list">
        {listed.map(({ content_hash, preview }) => (
          <li key={content_hash}>
            <MemoryLink hash={content_hash}>{shortened(preview, 80)}</MemoryLink>
          </li>
        ))}
      </ul>
    </section>
  );
}
