/**
 * Documents: sending them, how far each is, and what became of them.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { uploads as live } from "../live.ts";
import { Heading, News, Time, Waiting, Writing } from "../parts/common.tsx";
import { TagField } from "../parts/tag_field.tsx";
import { hrefOf } from "../router.ts";
import type { Upload } from "../shapes.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify } from "../store/notices.ts";
import { bytes, hasText, number, t } from "../text.ts";
import { FileButton } from "./file_button.tsx";
import { dismissSending, sending, typedTag, uploadTags } from "./upload.ts";

const ENDED = new Set(["completed", "completed_with_errors", "failed", "stopped"]);

/** The page. */
export function DocumentsPage() {
  const loaded = useData(
    `uploads#${revision.value}`,
    (abort) => get<{ uploads: Upload[] }>("/api/documents/history", {}, abort),
  );
  const uploads = loaded.data?.uploads.map(withEvents) ?? [];
  // What became of an upload that ended isn't in its events; the others in the list stay where they are.
  const ended = loaded.data?.uploads.filter(({ status }) => !ENDED.has(status)).map(({ upload_id }) => upload_id)
    .filter((id) => ENDED.has(String(live.value.get(id)?.status)) && !outcomes.value.has(id)) ?? [];
  useEffect(() => ended.forEach(loadOutcome), [ended.join()]);
  return (
    <>
      <Heading title={t("nav.documents")}>
        <FileButton />
      </Heading>
      <News />
      <p class="muted">{t("documents.lead")}</p>
      <details>
        <summary>{t("documents.tags")}</summary>
        <TagField tags={uploadTags} typed={typedTag} />
      </details>
      <Sendings />
      <Waiting of={loaded} />
      {loaded.data && uploads.length === 0 && <p class="empty">{t("documents.none")}</p>}
      <ul class="documents">{uploads.map((upload) => <Item key={upload.upload_id} upload={upload} />)}</ul>
    </>
  );
}

/** What became of uploads that ended while the page was open, by their ids. */
const outcomes = signal<ReadonlyMap<string, Upload>>(new Map());

function loadOutcome(id: string): void {
  get<Upload>(`/api/documents/status/${encodeURIComponent(id)}`).then(
    (upload) => outcomes.value = new Map([...outcomes.value, [id, upload]]),
    () => {}, // the list has it when it is loaded again
  );
}

/** An upload with what is known of it since the list was made. */
function withEvents(upload: Upload): Upload {
  if (ENDED.has(upload.status)) return upload;
  const told = live.value.get(upload.upload_id), outcome = outcomes.value.get(upload.upload_id);
  if (outcome !== undefined) return outcome;
  if (told === undefined) return upload;
  return {
    ...upload,
    status: String(told.status),
    progress: Number(told.progress),
    chunks_stored: Number(told.chunks_stored),
    total_chunks: Number(told.total_chunks),
  };
}

function Sendings() {
  if (sending.value.length === 0) return null;
  return (
    <ul class="documents" aria-label={t("documents.sending")}>
      {sending.value.map(({ id, name, sent, error, again }) => (
        <li key={id}>
          <strong dir="auto">{name}</strong>
          {error === null ? <progress max={1} value={sent} aria-label={t("documents.sending.one", { name })} /> : (
            <>
              <span class="error" role="alert">{error}</span>
              <button type="button" onClick={again}>{t("retry")}</button>
              <button type="button" class="quiet" aria-label={t("notice.close")} onClick={() => dismissSending(id)}>
                ×
              </button>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function Item({ upload }: { upload: Upload }) {
  const { upload_id, filename, status, progress, chunks_stored, total_chunks, file_size, errors, created_at } = upload;
  const name = `upload.${status}`, warnings = upload.documents.flatMap((file) => file.warnings);
  const faults = errors.length > 0 ? errors : upload.documents.flatMap(({ error }) => error === null ? [] : [error]);
  return (
    <li data-upload={upload_id}>
      <a href={hrefOf("/document", { id: upload_id })} dir="auto">
        <strong>{filename}</strong>
      </a>
      <span class={`state ${status}`}>{hasText(name) ? t(name) : status}</span>
      {!ENDED.has(status) && (
        <progress max={100} value={progress} aria-label={t("documents.progress.one", { name: filename })} />
      )}
      <span class="muted">
        {t("documents.chunks", { n: chunks_stored })}
        {!ENDED.has(status) && total_chunks > 0 && ` / ${number(total_chunks)}`}
        {file_size > 0 && ` · ${bytes(file_size)}`} · <Time at={Date.parse(created_at) / 1000} />
      </span>
      <Writing>
        <button
          type="button"
          aria-label={t("documents.remove.one", { name: filename })}
          onClick={() => removeUpload(upload)}
        >
          {t("remove")}
        </button>
      </Writing>
      {faults.map((fault) => <p key={fault} class="error" dir="auto">{fault}</p>)}
      {warnings.map((warning) => <p key={warning} class="muted" dir="auto">{warning}</p>)}
    </li>
  );
}

/** Asks, then removes an upload with its memories, which no trash keeps. True when it was done. */
export async function removeUpload({ upload_id, filename, chunks_stored }: Upload): Promise<boolean> {
  let message = "";
  const sent = await ask({
    title: t("documents.remove.title"),
    body: () => <p dir="auto">{t("documents.remove.text", { name: filename, n: chunks_stored })}</p>,
    action: t("remove"),
    danger: true,
    submit: async () => {
      ({ message } = await call<{ message: string }>(
        "DELETE",
        `/api/documents/remove/${encodeURIComponent(upload_id)}`,
      ));
    },
  });
  if (!sent) return false;
  live.value = new Map([...live.value].filter(([id]) => id !== upload_id));
  changed();
  notify(message);
  return true;
}
