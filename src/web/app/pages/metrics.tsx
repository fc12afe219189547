/**
 * What the service measures, as small charts that grow while the page is open.
 *
 * @module
 */

import { signal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { away, request } from "../api.ts";
import { bytes, number, t } from "../text.ts";

const EVERY_MS = 5000;
/** Points of a chart. */
const KEPT = 60;

/** A measurement of the text format: its name with labels, and its value. */
type Sample = Map<string, number>;

/** What is shown: a rate of a counter by a second, or a gauge. */
const SHOWN = [
  ["metrics.requests", "unimem_requests_total", "rate"],
  ["metrics.model", "unimem_model_runs_total", "rate"],
  ["metrics.store", "unimem_store_calls_total", "rate"],
  ["metrics.queue", "unimem_embedding_queue_depth", "gauge"],
  ["metrics.heap", "unimem_heap_used_bytes", "bytes"],
] as const;

const samples = signal<{ at: number; values: Sample }[]>([]);

/** The charts; nothing where metrics aren't kept. */
export function Metrics() {
  useEffect(() => {
    const look = async () => {
      if (document.visibilityState !== "visible" || away.value) return;
      const response = await request("GET", "/metrics").catch(() => null);
      if (!response?.ok) return;
      samples.value = [...samples.value, { at: performance.now(), values: samplesIn(await response.text()) }].slice(
        -KEPT,
      );
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  useSignalEffect(() => void samples.value);
  if (samples.value.length < 2) return null;
  return (
    <section>
      <h2>{t("metrics")}</h2>
      <div class="sparks">
        {SHOWN.map(([title, metric, kind]) => {
          const series = seriesOf(metric, kind);
          return series.length === 0
            ? null
            : <Spark key={title} title={t(title)} series={series} format={kind === "bytes" ? bytes : oneDigit} />;
        })}
      </div>
    </section>
  );
}

const oneDigit = (value: number) => number(value, value < 10 ? 1 : 0);

function Spark({ title, series, format }: { title: string; series: number[]; format: (value: number) => string }) {
  const most = Math.max(1e-9, ...series), last = series.at(-1)!;
  const points = series.map((value, index) => `${index / Math.max(1, KEPT - 2) * 200},${40 - value / most * 36}`).join(
    " ",
  );
  return (
    <figure class="spark">
      <figcaption>
        {title}: <strong>{format(last)}</strong>
      </figcaption>
      <svg viewBox="0 0 200 42" class="chart" aria-hidden="true" preserveAspectRatio="none">
        <polyline points={points} />
      </svg>
    </figure>
  );
}

function seriesOf(metric: string, kind: "rate" | "gauge" | "bytes"): number[] {
  const sums = samples.value.map(({ at, values }) => {
    const found = [...values].filter(([name]) => name.split("{")[0] === metric);
    return { at, value: found.length === 0 ? null : found.reduce((sum, [, value]) => sum + value, 0) };
  });
  if (sums.every(({ value }) => value === null)) return [];
  if (kind !== "rate") return sums.map(({ value }) => value ?? 0);
  return sums.slice(1).map(({ at, value }, index) => {
    const before = sums[index]!;
    return Math.max(0, ((value ?? 0) - (before.value ?? 0)) / ((at - before.at) / 1000));
  });
}

/** The lines of Prometheus' text format that hold values. */
function samplesIn(text: string): Sample {
  const found: Sample = new Map();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const blank = line.lastIndexOf(" ");
    found.set(line.slice(0, blank), Number(line.slice(blank + 1)));
  }
  return found;
}
