/**
 * Why a search found a memory: the scores that made its place.
 *
 * @module
 */

import type { Hit, Scores } from "../shapes.ts";
import { number, t } from "../text.ts";

const PARTS = ["semantic", "words", "neighbours"] as const satisfies readonly (keyof Scores)[];
/** Factors on the score, shown where they change it. */
const FACTORS = ["speaker", "role", "asking", "turn", "time"] as const satisfies readonly (keyof Scores)[];

/** The scores of a result. */
export function Reasons({ hit: { similarity_score, relevance, relevance_reason, scores } }: { hit: Hit }) {
  const parts = scores ? PARTS.filter((name) => scores[name]) : [];
  const factors = scores ? FACTORS.filter((name) => (scores[name] ?? 1) !== 1) : [];
  const score = similarity_score ?? 0;
  return (
    <details class="reasons">
      <summary title={relevance_reason ?? ""}>{t("why.summary", { score: number(score * 100) })}</summary>
      <dl>
        {relevance != null && <Row title={t("why.relevance.title")} label={t("why.relevance")} value={relevance} />}
        {parts.map((name) => (
          <Row key={name} title={t(`why.${name}.title`)} label={t(`why.${name}`)} value={scores![name]!} />
        ))}
        {factors.map((name) => (
          <div key={name} title={t(`why.${name}.title`)}>
            <dt>{t(`why.${name}`)}</dt>
            <dd>× {number(scores![name]!, 2)}</dd>
          </div>
        ))}
        {parts.length === 0 && relevance_reason && (
          <div>
            <dt>{t("why.reason")}</dt>
            <dd>{relevance_reason}</dd>
          </div>
        )}
      </dl>
    </details>
  );
}

function Row({ label, title, value }: { label: string; title: string; value: number }) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd>
        {number(value, 2)} <meter min={0} max={1} value={value} aria-hidden="true" />
      </dd>
    </div>
  );
}
