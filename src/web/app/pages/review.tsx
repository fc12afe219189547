/**
 * What needs a decision: memories that say the same, and pairs that can't both hold.
 *
 * @module
 */

import { Heading, News } from "../parts/common.tsx";
import { hrefOf, place } from "../router.ts";
import { t } from "../text.ts";
import { Contradictions } from "./contradictions.tsx";
import { Duplicates } from "./duplicates.tsx";

const PARTS = { duplicates: Duplicates, contradictions: Contradictions };

/** The page. */
export function ReviewPage() {
  const shown = place.value.params.get("show") === "contradictions" ? "contradictions" : "duplicates",
    Part = PARTS[shown];
  return (
    <>
      <Heading title={t("nav.review")} />
      <nav class="tabs" aria-label={t("nav.review")}>
        {(["duplicates", "contradictions"] as const).map((name) => (
          <a key={name} href={hrefOf("/review", { show: name })} aria-current={name === shown ? "page" : undefined}>
            {t(`review.${name}`)}
          </a>
        ))}
      </nav>
      <News />
      <Part key={shown} />
    </>
  );
}
