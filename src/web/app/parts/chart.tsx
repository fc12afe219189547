/**
 * Charts as SVG: coloured by the style sheet in both themes, sharp at any size, each with a table of its figures. They have
 * at most some hundred marks, for which a library that draws on a canvas would be the heavier way.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import { day, number, t } from "../text.ts";

/** A value with its label. */
export interface Point {
  label: string;
  value: number;
}

const WIDTH = 600, HEIGHT = 180, BASE = 160;

interface Props {
  title: string;
  points: readonly Point[];
  /** What the values are, for the table's heading. */
  unit: string;
  kind?: "bars" | "line";
  format?: (value: number) => string;
}

/** Bars or a line over time, with the table below. */
export function Chart({ title, points, unit, kind = "bars", format = number }: Props) {
  const most = Math.max(1, ...points.map(({ value }) => value)), step = WIDTH / Math.max(1, points.length);
  const heightOf = (value: number) => Math.max(value > 0 ? 2 : 0, value / most * (BASE - 20));
  return (
    <Figure title={title} rows={points.map(({ label, value }) => [label, format(value)])} unit={unit}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} class="chart" aria-hidden="true" preserveAspectRatio="none">
        <line class="axis" x1="0" x2={WIDTH} y1={BASE} y2={BASE} />
        {kind === "bars"
          ? points.map(({ label, value }, index) => (
            <rect
              key={index}
              x={index * step + step * 0.1}
              width={step * 0.8}
              y={BASE - heightOf(value)}
              height={heightOf(value)}
            >
              <title>{`${label}: ${format(value)}`}</title>
            </rect>
          ))
          : (
            <polyline
              points={points.map(({ value }, i) => `${(i + 0.5) * step},${BASE - heightOf(value)}`).join(" ")}
            />
          )}
      </svg>
      <p class="scale" aria-hidden="true">
        <span>{points[0]?.label}</span>
        <span>{t("chart.most", { value: format(most) })}</span>
        <span>{points.length > 1 ? points.at(-1)!.label : ""}</span>
      </p>
    </Figure>
  );
}

/** Values beside each other, longest bar first; labels may lead somewhere. */
export function Ranking({ title, points, unit, link }: Omit<Props, "kind"> & { link?: (label: string) => string }) {
  const most = Math.max(1, ...points.map(({ value }) => value));
  return (
    <figure class="figure">
      <figcaption>{title}</figcaption>
      {points.length === 0 ? <p class="muted">{t("chart.none")}</p> : (
        <table class="ranking">
          <thead class="hidden">
            <tr>
              <th>{title}</th>
              <th>{unit}</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ label, value }) => (
              <tr key={label}>
                <th scope="row" dir="auto">{link ? <a href={link(label)}>{label}</a> : label}</th>
                <td>
                  <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                    <rect width={value / most * 100} height="8" />
                  </svg>
                  <span>{number(value, 1)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </figure>
  );
}

/** Days of the last year as squares, a column for each week. */
export function Calendar(
  { title, days }: { title: string; days: readonly { date: string; count: number; level: number }[] },
) {
  const first = days[0] ? new Date(`${days[0].date}T00:00:00Z`).getUTCDay() : 0, offset = (first + 6) % 7;
  const weeks = Math.ceil((days.length + offset) / 7), rows = days.filter(({ count }) => count > 0);
  return (
    <Figure title={title} rows={rows.map(({ date, count }) => [day(date), number(count)])} unit={t("memories.unit")}>
      <div ref={scrollToEnd} class="scroll" tabIndex={0} role="region" aria-label={title}>
        <svg viewBox={`0 0 ${weeks * 12} 84`} class="calendar" aria-hidden="true">
          {days.map(({ date, count, level }, index) => (
            <rect
              key={date}
              class={`level-${level}`}
              x={Math.floor((index + offset) / 7) * 12}
              y={(index + offset) % 7 * 12}
              width="10"
              height="10"
              rx="2"
            >
              <title>{`${day(date)}: ${number(count)}`}</title>
            </rect>
          ))}
        </svg>
      </div>
    </Figure>
  );
}

/** The latest days are what is looked for. */
function scrollToEnd(element: HTMLElement | null): void {
  if (element) element.scrollLeft = element.scrollWidth;
}

function Figure(
  { title, rows, unit, children }: { title: string; rows: string[][]; unit: string; children: ComponentChildren },
) {
  return (
    <figure class="figure">
      <figcaption>{title}</figcaption>
      {rows.length === 0 ? <p class="muted">{t("chart.none")}</p> : children}
      <details>
        <summary>{t("chart.table")}</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("chart.label")}</th>
                <th scope="col">{unit}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([label, value]) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
