/**
 * Who may do what: keys, spaces, programs with access, and who changed what.
 *
 * @module
 */

import { Facts, Heading, NotForAll } from "../parts/common.tsx";
import { hrefOf, place } from "../router.ts";
import { caller, isAdminOfAll } from "../store/caller.ts";
import { t } from "../text.ts";
import { Audit } from "./audit.tsx";
import { Grants } from "./grants.tsx";
import { Keys } from "./keys.tsx";
import { Spaces } from "./spaces.tsx";

const PARTS = { keys: Keys, spaces: Spaces, grants: Grants, audit: Audit };
type Part = keyof typeof PARTS;

/** The page. */
export function AccessPage() {
  const asked = place.value.params.get("show") ?? "", who = caller.value;
  const shown = Object.hasOwn(PARTS, asked) ? asked as Part : "keys", Shown = PARTS[shown];
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
              {(Object.keys(PARTS) as Part[]).map((name) => (
                <a
                  key={name}
                  href={hrefOf("/access", { show: name })}
                  aria-current={name === shown ? "page" : undefined}
                >
                  {t(`access.${name}`)}
                </a>
              ))}
            </nav>
            <Shown key={shown} />
          </>
        )
        : <NotForAll text={t("access.admins")} />}
    </>
  );
}
