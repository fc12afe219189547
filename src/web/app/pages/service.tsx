/**
 * How the service fares: each part with what to do, the model, the store, the machine and who listens.
 *
 * @module
 */

import { useEffect } from "preact/hooks";
import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { Facts, Heading, Time } from "../parts/common.tsx";
import type { Health } from "../shapes.ts";
import { isAdminOfAll, readsAll } from "../store/caller.ts";
import { ask } from "../store/dialogs.ts";
import { notify } from "../store/notices.ts";
import { health, loadHealth } from "../store/service.ts";
import { bytes, duration, number, t } from "../text.ts";
import { Logs } from "./logs.tsx";
import { Metrics } from "./metrics.tsx";

const EVERY_MS = 5000;

interface EventStats {
  total_connections: number;
  max_connections: number;
  dropped_connections: number;
  connections: { connection_id: string; client_ip: string; user_agent: string; connected_duration_seconds: number }[];
}

/** The page. */
export function ServicePage() {
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && loadHealth().catch(() => {});
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const known = health.value;
  return (
    <>
      <Heading title={t("nav.service")}>
        {isAdminOfAll.value && <button type="button" onClick={optimize}>{t("service.optimize")}</button>}
      </Heading>
      {known === null ? <p class="muted" role="status">{t("loading")}</p> : <Parts known={known} />}
      {known && (
        <div class="columns">
          <Model known={known} />
          <Store known={known} />
          <Machine known={known} />
          <Listeners />
        </div>
      )}
      {readsAll.value && <Metrics />}
      {isAdminOfAll.value && <Logs />}
    </>
  );
}

function Parts({ known: { parts } }: { known: Health }) {
  return (
    <section>
      <h2>{t("service.parts")}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("service.parts")}>
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{t("service.part")}</th>
              <th scope="col">{t("service.state")}</th>
              <th scope="col">{t("service.message")}</th>
              <th scope="col">{t("service.since")}</th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ name, state, message, action, since }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <span class={`dot ${state}`} aria-hidden="true" /> {state}
                </td>
                <td>
                  {message}
                  {action && (
                    <>
                      <br />
                      <strong>{action}</strong>
                    </>
                  )}
                </td>
                <td>
                  <Time at={Date.parse(since) / 1000} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Model(
  { known: { embedding: { model, status, dimensions, coverage, reembedding, counters } } }: { known: Health },
) {
  return (
    <section>
      <h2>{t("service.model")}</h2>
      <Facts
        rows={[
          [t("service.model.name"), model],
          [t("service.state"), status.error ? `${status.state}: ${status.error}` : status.state],
          [t("service.dimensions"), dimensions && number(dimensions)],
          [t("service.vectors"), coverage && `${number(coverage.embedded)} ${t("of")} ${number(coverage.memories)}`],
          [
            t("service.reembedding"),
            reembedding && `${number(reembedding.done)} ${t("of")} ${number(reembedding.total)}`,
          ],
          [
            t("service.queue"),
            `${number(Number(counters.queue_depth))} ${t("of")} ${number(Number(counters.queue_limit))}`,
          ],
          [t("service.cache"), bytes(Number(counters.cache_bytes))],
        ]}
      />
      {coverage && coverage.memories > 0 && (
        <progress max={coverage.memories} value={coverage.embedded} aria-label={t("service.vectors")} />
      )}
    </section>
  );
}

function Store({ known: { storage, version, uptime_seconds } }: { known: Health }) {
  const details = Object.entries(storage.details ?? {}).filter(([name]) => name !== "path");
  return (
    <section>
      <h2>{t("service.store")}</h2>
      <Facts
        rows={[
          [t("service.version"), version],
          [t("service.up"), duration(uptime_seconds)],
          [t("service.backend"), storage.backend],
          [t("service.path"), storage.database_path],
          [t("service.size"), storage.database_size_bytes !== null && bytes(storage.database_size_bytes)],
          ...details.map(([name, value]) => [name.replaceAll("_", " "), String(value)] as const),
        ]}
      />
    </section>
  );
}

function Machine({ known: { system } }: { known: Health }) {
  const gigabytes = (name: string) => system[name] == null ? null : bytes(Number(system[name]) * 2 ** 30);
  return (
    <section>
      <h2>{t("service.machine")}</h2>
      <Facts
        rows={[
          [t("service.platform"), `${system.platform} ${system.platform_version ?? ""}`],
          [t("service.runtime"), system.runtime],
          [t("service.cores"), system.cpu_count],
          [
            t("service.memory"),
            system.process_memory_mb == null ? null : bytes(Number(system.process_memory_mb) * 2 ** 20),
          ],
          [t("service.memory.free"), gigabytes("memory_available_gb")],
          [t("service.disk.free"), gigabytes("disk_free_gb")],
        ]}
      />
    </section>
  );
}

function Listeners() {
  const stats = useData("event-stats", (abort) => get<EventStats>("/api/events/stats", {}, abort));
  const { data } = stats;
  return (
    <section>
      <h2>{t("service.listeners")}</h2>
      {data && (
        <>
          <p>
            {t("service.listeners.count", { n: data.total_connections })}{" "}
            ({t("chart.most", { value: number(data.max_connections) })})
          </p>
          <ul class="plain-list">
            {data.connections.map(({ connection_id, client_ip, user_agent, connected_duration_seconds }) => (
              <li key={connection_id}>
                {client_ip}, {duration(connected_duration_seconds)}{" "}
                <small class="muted">{user_agent.slice(0, 80)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

async function optimize(): Promise<void> {
  let message = "";
  const sent = await ask({
    title: t("service.optimize"),
    body: () => <p>{t("service.optimize.text")}</p>,
    action: t("service.optimize"),
    submit: async () => void ({ message } = await call<{ message: string }>("POST", "/api/manage/system/optimize_db")),
  });
  if (sent) notify(message);
}
