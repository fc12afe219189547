/**
 * Who may do what: keys, programs with access, and who changed what.
 *
 * @module
 */

import { Facts, Heading } from "../parts/common.tsx";
import { hrefOf, place } from "../router.ts";
import { caller, isAdminOfAll } from "../store/caller.ts";
import { t } from "../text.ts";
import { Audit } from "./audit.tsx";
import { Grants } from "./grants.tsx";
import { Keys } from "./keys.tsx";

const PARTS = { keys: Keys, grants: Grants, audit: Audit };

/** The page. */
export function AccessPage() {
  const asked = place.value.params.get("show"), who = caller.value;
  const shown = asked === "grants" || asked === "audit" ? asked : "keys", Part = PARTS[shown];
  const namesOf = (spaces: "all" | string[]) => spaces === "all" ? t("access.all") : spaces.join(", ");
  return (
    <>
      <Heading title={t("nav.access")} />
      {who && (
        <section>
          <h2>{t("access.you")}</h2>
          <Facts
            rows={[
              [t("access.name"), who.name],
              [t("access.rights"), t(`rights.${who.rights}`)],
              [t("access.space"), who.space],
              [t("access.reads"), namesOf(who.reads)],
            ]}
          />
        </section>
      )}
      {isAdminOfAll.value
        ? (
          <>
            <nav class="tabs" aria-label={t("nav.access")}>
              {(["keys", "grants", "audit"] as const).map((name) => (
                <a
                  key={name}
                  href={hrefOf("/access", { show: name })}
                  aria-current={name === shown ? "page" : undefined}
                >
                  {t(`access.${name}`)}
                </a>
              ))}
            </nav>
            <Part key={shown} />
          </>
        )
        : <p class="muted">{t("access.admins")}</p>}
    </>
  );
}
