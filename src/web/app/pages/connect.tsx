/**
 * Connecting clients.
 *
 * @module
 */

import { Heading } from "../parts/common.tsx";
import { t } from "../text.ts";
import { ClientSettings } from "./client_settings.tsx";

/** The page. */
export function ConnectPage() {
  return (
    <>
      <Heading title={t("nav.connect")} />
      <p class="lead">{t("connect.lead")}</p>
      <ClientSettings />
    </>
  );
}
