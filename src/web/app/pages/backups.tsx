/**
 * Backups: made, checked, downloaded.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { fact, Facts, Heading, NotForAll, Time, Waiting } from "../parts/common.tsx";
import { download } from "../parts/download.ts";
import { isAdminOfAll } from "../store/caller.ts";
import { changed, revision } from "../store/changed.ts";
import { notify, orNotify } from "../store/notices.ts";
import { bytes, dateTime, number, t } from "../text.ts";

/** Milliseconds between two looks at how far a backup is. */
const LOOK_MS = 1000;

interface Backup {
  name: string;
  format: "db" | "jsonl";
  created_at: number;
  bytes: number;
  memories: number | null;
  trashed: number | null;
}
interface Backups {
  backups: Backup[];
  folder: string;
  interval_hours: number | null;
  keep: number;
  running: { done: number; total: number; unit: "bytes" | "memories" } | null;
  last_failure: { at: number; message: string } | null;
}
interface Check {
  sound: boolean;
  message: string;
  checksum: "matches" | "missing" | null;
}

/** Whether this page waits for a backup that it asked for. */
const making = signal(false);
/** What is done with a backup now, or came of it, by its name. */
const results = signal<ReadonlyMap<string, "checking" | Check | { read: number }>>(new Map());

const note = (name: string, result: "checking" | Check | { read: number } | null) => {
  const all = new Map(results.value);
  if (result === null) all.delete(name);
  else all.set(name, result);
  results.value = all;
};

/** The page. */
export function BackupsPage() {
  return (
    <>
      <Heading title={t("nav.backups")}>
        {isAdminOfAll.value && (
          <button
            type="button"
            class="primary"
            disabled={making.value}
            onClick={() => orNotify(make)}
          >
            {t("backups.make")}
          </button>
        )}
      </Heading>
      {isAdminOfAll.value ? <List /> : <NotForAll text={t("backups.admins")} />}
    </>
  );
}

function List() {
  const loaded = useData(`backups#${revision.value}`, (abort) => get<Backups>("/api/backups", {}, abort)),
    { data, reload } = loaded;
  const isRunning = making.value || data?.running != null;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(reload, LOOK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  return (
    <>
      <Waiting of={loaded} />
      {isRunning && <Progress running={data?.running ?? null} />}
      {data && (
        <>
          {data.last_failure && (
            <p class="fault" role="alert">
              {t("backups.failed", { date: dateTime(data.last_failure.at), message: data.last_failure.message })}
            </p>
          )}
          <section>
            <Facts
              rows={[
                [t("backups.folder"), data.folder],
                [
                  t("backups.schedule"),
                  data.interval_hours === null
                    ? (
                      <>
                        {t("backups.schedule.none")} <code>MCP_BACKUP_INTERVAL_HOURS</code>
                      </>
                    )
                    : t("backups.schedule.every", { n: data.interval_hours, keep: number(data.keep) }),
                ],
                fact(t("backups.restore"), <code>unimem restore FILE</code>),
              ]}
            />
          </section>
          {data.backups.length === 0 && <p class="empty">{t("backups.none")}</p>}
          <ul class="documents" aria-label={t("nav.backups")}>
            {data.backups.map((backup) => <Item key={backup.name} backup={backup} />)}
          </ul>
        </>
      )}
    </>
  );
}

function Progress({ running }: { running: Backups["running"] }) {
  const { done = 0, total = 0, unit = "bytes" } = running ?? {},
    shown = (n: number) => unit === "bytes" ? bytes(n) : number(n);
  return (
    <p role="status">
      {t("backups.making")} {total > 0 && `${shown(Math.min(done, total))} ${t("of")} ${shown(total)}`}{" "}
      <progress {...total > 0 ? { max: total, value: Math.min(done, total) } : {}} aria-label={t("backups.making")} />
    </p>
  );
}

function Item({ backup }: { backup: Backup }) {
  const { name, created_at, memories, trashed } = backup;
  return (
    <li>
      <strong>{dateTime(created_at)}</strong>
      <span class="muted">
        <Time at={created_at} />
      </span>
      <span>
        {memories === null ? t("unknown") : t("count.memories", { n: memories })}{" "}
        {trashed !== null && trashed > 0 && <small class="muted">{t("backups.trashed", { n: trashed })}</small>}
      </span>
      <span class="muted">{bytes(backup.bytes)}</span>
      <span class="actions">
        <button type="button" aria-label={t("backups.check.one", { name })} onClick={() => check(backup)}>
          {t("backups.check")}
        </button>
        <button type="button" aria-label={t("backups.download.one", { name })} onClick={() => save(backup)}>
          {t("backups.download")}
        </button>
      </span>
      <p class="muted">
        <code>{name}</code>
      </p>
      <Result backup={backup} />
    </li>
  );
}

function Result({ backup }: { backup: Backup }) {
  const result = results.value.get(backup.name);
  let shown: string | null = null, isBad = false;
  if (result === "checking") shown = t("backups.checking");
  else if (result !== undefined && "read" in result) shown = t("export.running", { size: bytes(result.read) });
  else if (result !== undefined) {
    isBad = !result.sound;
    shown = result.message + (result.checksum === "missing" ? `. ${t("backups.noChecksum")}` : "");
  }
  return <p role="status" class={isBad ? "error" : ""}>{shown}</p>;
}

async function make(): Promise<void> {
  making.value = true;
  try {
    const { name } = await call<Backup>("POST", "/api/backups");
    notify(t("backups.made", { name }));
  } finally {
    making.value = false;
    changed();
  }
}

function check({ name }: Backup): void {
  note(name, "checking");
  orNotify(async () => note(name, await call<Check>("POST", `/api/backups/${encodeURIComponent(name)}/verify`))).then(
    () => {
      if (results.value.get(name) === "checking") note(name, null);
    },
  );
}

function save({ name }: Backup): void {
  const path = `/api/backups/${encodeURIComponent(name)}`, type = "application/octet-stream";
  orNotify(() => download({ path, name, type, onProgress: (read) => note(name, { read }) })).then(() =>
    note(name, null)
  );
}
