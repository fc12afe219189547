/**
 * Memories as points by meaning, and how they are linked.
 *
 * @module
 */

import { Heading } from "../parts/common.tsx";
import { hrefOf, place } from "../router.ts";
import { t } from "../text.ts";
import { GraphPart } from "./graph.tsx";
import { PointsPart } from "./points.tsx";

/** The page. */
export function MapPage() {
  const isGraph = place.value.params.get("show") === "graph";
  return (
    <>
      <Heading title={t("nav.map")} />
      <nav class="tabs" aria-label={t("nav.map")}>
        <a href="/map" aria-current={isGraph ? undefined : "page"}>{t("map.points")}</a>
        <a href={hrefOf("/map", { show: "graph" })} aria-current={isGraph ? "page" : undefined}>{t("map.graph")}</a>
      </nav>
      {isGraph ? <GraphPart /> : <PointsPart />}
    </>
  );
}
