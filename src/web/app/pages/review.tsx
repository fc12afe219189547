/**
 * What needs a decision: memories that say the same, pairs that can't both hold, and what may be worth keeping.
 *
 * @module
 */

import { Heading, News } from "../parts/common.tsx";
import { hrefOf, place } from "../router.ts";
import { t } from "../text.ts";
import { CandidateList } from "./candidates.tsx";
import { Contradictions } from "./contradictions.tsx";
import { Duplicates } from "./duplicates.tsx";

const PARTS = { duplicates: Duplicates, contradictions: Contradictions, candidates: CandidateList };
type Part = keyof typeof PARTS;

/** The page. */
export function ReviewPage() {
  const asked = place.value.params.get("show") ?? "";
  const shown = Object.hasOwn(PARTS, asked) ? asked as Part : "duplicates", Shown = PARTS[shown];
  return (
    <>
      <Heading title={t("nav.review")} />
      <nav class="tabs" aria-label={t("nav.review")}>
        {(Object.keys(PARTS) as Part[]).map((name) => (
          <a key={name} href={hrefOf("/review", { show: name })} aria-current={name === shown ? "page" : undefined}>
            {t(`review.${name}`)}
          </a>
        ))}
      </nav>
      <News />
      <Shown key={shown} />
    </>
  );
}
