/**
 * What each client needs to reach this service, ready to copy.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { call, hasKey } from "../api.ts";
import { ADDRESS, CLIENTS } from "../clients.gen.ts";
import { Code } from "../parts/code.tsx";
import { notify, orNotify } from "../store/notices.ts";
import { health } from "../store/service.ts";
import { t } from "../text.ts";

const KEY = "MCP_API_KEY";
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/, ANY = /^(0\.0\.0\.0|\[::\])$/;

/** The reader's system, whose files are named. */
const SYSTEM = /Windows/.test(navigator.userAgent) ? "windows" : /Mac/.test(navigator.userAgent) ? "mac" : "linux";

/** The address of MCP as a client reaches it that reaches this page; null while no MCP server listens. */
function mcpAddress(): string | null {
  const address = health.value?.listeners?.find(({ name, state }) => name === "MCP" && state === "open")?.address;
  if (address === undefined) return null;
  const url = new URL(address);
  // Bound to every address, it is reached under the name by which this page was.
  if (ANY.test(url.hostname) || !LOOPBACK.test(location.hostname)) url.hostname = location.hostname;
  return `${url.origin}/mcp`;
}

/** The settings of one client at a time. */
export function ClientSettings() {
  const chosen = useSignal(CLIENTS[0]!.id), answer = useSignal("");
  const client = CLIENTS.find(({ id }) => id === chosen.value)!, url = client.starts ? ADDRESS : mcpAddress();
  const text = url && (hasKey.value ? client.withKey : client.text).replaceAll(ADDRESS, url);
  const copy = () =>
    orNotify(async () => {
      await navigator.clipboard.writeText(text!);
      notify(t("done.copied"));
    });
  const test = () =>
    orNotify(async () => {
      const body = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
      const { result, error } = await call<{ result?: { tools: unknown[] }; error?: { message: string } }>(
        "POST",
        "/mcp",
        { body },
      );
      answer.value = result ? t("connect.works", { n: result.tools.length }) : error?.message ?? t("unknown");
    });
  return (
    <div class="client">
      <label class="field">
        <span>{t("connect.client")}</span>
        <select value={chosen.value} onChange={(event) => chosen.value = event.currentTarget.value}>
          {CLIENTS.map(({ id, title }) => <option key={id} value={id}>{title}</option>)}
        </select>
      </label>
      {text === null
        ? <p class={health.value ? "banner" : "muted"}>{t(health.value ? "connect.noMcp" : "loading")}</p>
        : (
          <>
            <p class="muted">
              {t(client.files ? "connect.where.named" : `connect.where.${client.format}`)}
              {client.files && (
                <>
                  {" "}
                  <code>{client.files[SYSTEM]}</code>
                </>
              )}
            </p>
            <Code
              text={text}
              language={client.format === "text" ? "python" : client.format === "file" ? "yaml" : client.format}
            />
            <p class="buttons">
              <button type="button" class="primary" onClick={copy}>{t("copy")}</button>
              <button type="button" onClick={test}>{t("connect.test")}</button>
            </p>
            <p class="muted">
              {client.starts ? t("connect.stdio") : hasKey.value ? t("connect.key", { name: KEY }) : t("connect.noKey")}
            </p>
            <p role="status">{answer.value}</p>
          </>
        )}
      {client.files && (
        <p>
          {t("connect.command")} <code>unimem connect {chosen.value} --write</code>
        </p>
      )}
    </div>
  );
}
