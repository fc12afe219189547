/** A strict reader of Prometheus' text format 0.0.4: whatever the format doesn't allow is an error. */

/** A line with a value. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Everything an exposition says. */
export interface Exposition {
  types: Map<string, string>;
  samples: Sample[];
  /** The value of a sample by its name and some of its labels, summed over the others; 0 without any. */
  sum(name: string, labels?: Record<string, string>): number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const PAIR = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"';
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(${PAIR}(?:,${PAIR})*)\\})? (NaN|[+-]Inf|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
);

/** Reads an exposition, and checks names, types, order and histograms. */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith("\n")) throw new Error("The last line has no end");
  const types = new Map<string, string>(), helps = new Set<string>(), samples: Sample[] = [];
  const seen = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name, rest] = line.match(new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`)) ?? [];
    if (kind === "HELP") {
      if (helps.has(name!)) throw new Error(`Two HELP lines of ${name}`);
      helps.add(name!);
    } else if (kind === "TYPE") {
      if (types.has(name!) || !/^(counter|gauge|histogram)$/.test(rest!)) throw new Error(line);
      types.set(name!, rest!);
      current = name!;
    } else {
      const match = SAMPLE.exec(line);
      if (match === null) throw new Error(`Not a sample: ${line}`);
      const base = types.get(current) === "histogram" ? match[1]!.replace(/_(bucket|sum|count)$/, "") : match[1]!;
      if (base !== current) throw new Error(`${match[1]} stands under ${current}`);
      const key = line.slice(0, line.lastIndexOf(" "));
      if (seen.has(key)) throw new Error(`Two samples of ${key}`);
      seen.add(key);
      const labels = Object.fromEntries(
        [...(match[2] ?? "").matchAll(new RegExp(PAIR, "g"))].map(([, label, value]) => [
          label!,
          value!.replace(/\\([\\"n])/g, (_, char) => char === "n" ? "\n" : char),
        ]),
      );
      samples.push({ name: match[1]!, labels, value: Number(match.at(-1)!.replace("Inf", "Infinity")) });
    }
  }
  checkHistograms(types, samples);
  const sum = (name: string, labels: Record<string, string> = {}) =>
    samples.filter((sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
    ).reduce((total, { value }) => total + value, 0);
  return { types, samples, sum };
}

function checkHistograms(types: Map<string, string>, samples: Sample[]): void {
  for (const [name, type] of types) {
    if (type !== "histogram") continue;
    const bySeries = Map.groupBy(
      samples.filter((sample) => sample.name.startsWith(name)),
      ({ labels: { le: _, ...labels } }) => JSON.stringify(labels),
    );
    for (const [series, lines] of bySeries) {
      const buckets = lines.filter((line) => line.name === `${name}_bucket`);
      const counts = buckets.map(({ value }) => value);
      const bounds = buckets.map(({ labels }) => Number(labels.le!.replace("Inf", "Infinity")));
      const isAscending = (values: number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]!);
      const count = lines.find((line) => line.name === `${name}_count`)?.value;
      if (!isAscending(counts) || !isAscending(bounds) || bounds.at(-1) !== Infinity || counts.at(-1) !== count) {
        throw new Error(`${name}${series} is no histogram`);
      }
      if (!lines.some((line) => line.name === `${name}_sum`)) throw new Error(`${name}${series} has no sum`);
    }
  }
}
