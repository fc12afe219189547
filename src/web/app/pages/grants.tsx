/**
 * Programs that were given access by OAuth.
 *
 * @module
 */

import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { Time, Waiting } from "../parts/common.tsx";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { day, t } from "../text.ts";

interface Grant {
  id: string;
  client: string;
  client_id: string;
  rights: "read" | "write" | "admin";
  spaces: { write: string; read: "all" | string[] };
  approved_by: string;
  created_at: number;
  last_used: number | null;
  expires_at: number;
}

/** The grants in force. */
export function Grants() {
  const loaded = useData(`grants#${revision.value}`, (abort) => get<{ grants: Grant[] }>("/api/grants", {}, abort));
  return (
    <>
      <Waiting of={loaded} />
      {loaded.data?.grants.length === 0 && <p class="empty">{t("grants.none")}</p>}
      <ul class="documents">
        {loaded.data?.grants.map((grant) => (
          <li key={grant.id}>
            <strong dir="auto">{grant.client}</strong>
            <span>{t(`rights.${grant.rights}`)}</span>
            <span class="muted" dir="auto">
              {t("keys.writes", { names: grant.spaces.write })};{" "}
              {t("keys.reads", { names: grant.spaces.read === "all" ? t("access.all") : grant.spaces.read.join(", ") })}
            </span>
            <span class="muted">
              {t("grants.approved", { name: grant.approved_by, date: day(grant.created_at) })} ·{" "}
              {grant.last_used === null ? t("keys.never") : <Time at={grant.last_used} />}
            </span>
            <button type="button" aria-label={t("grants.end.one", { name: grant.client })} onClick={() => end(grant)}>
              {t("keys.end")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

async function end({ id, client }: Grant): Promise<void> {
  const sent = await ask({
    title: t("grants.end.title"),
    body: () => <p dir="auto">{t("grants.end.text", { name: client })}</p>,
    action: t("keys.end"),
    danger: true,
    submit: async () => void await call("DELETE", `/api/grants/${encodeURIComponent(id)}`),
  });
  if (sent) changed();
}
