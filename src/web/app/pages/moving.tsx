/**
 * Everything out and in: export and import.
 *
 * @module
 */

import { signal, useSignal } from "@preact/signals";
import { problemText, request } from "../api.ts";
import { expectOwn } from "../live.ts";
import { saveAs } from "../parts/actions.ts";
import { Facts, Heading } from "../parts/common.tsx";
import { changed } from "../store/changed.ts";
import { orNotify } from "../store/notices.ts";
import { bytes, number, t } from "../text.ts";

interface Report {
  success: boolean;
  message: string;
  read: number;
  stored: number;
  present: number;
  trashed: number;
  relations: number;
  faults: number;
  errors: { place: string; message: string }[];
  notes: { place: string; message: string }[];
}

/** Bytes of the export so far; null while none runs. */
const exporting = signal<number | null>(null);
const importing = signal<{ name: string; report: Report | null } | null>(null);

/** The page. */
export function MovingPage() {
  const vectors = useSignal(false), trash = useSignal(true);
  return (
    <>
      <Heading title={t("nav.moving")} />
      <div class="columns">
        <section>
          <h2>{t("export")}</h2>
          <p>{t("export.text")}</p>
          <label class="check">
            <input
              type="checkbox"
              checked={trash.value}
              onChange={(event) => trash.value = event.currentTarget.checked}
            />{" "}
            {t("export.trash")}
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={vectors.value}
              onChange={(event) => vectors.value = event.currentTarget.checked}
            />{" "}
            {t("export.vectors")}
          </label>
          <p class="buttons">
            <button
              type="button"
              class="primary"
              disabled={exporting.value !== null}
              onClick={() => orNotify(() => exportAll(vectors.value, trash.value))}
            >
              {t("export.start")}
            </button>
            <span role="status">
              {exporting.value !== null && t("export.running", { size: bytes(exporting.value) })}
            </span>
          </p>
        </section>
        <section>
          <h2>{t("import")}</h2>
          <p>{t("import.text")}</p>
          <label class="field">
            <span>{t("import.file")}</span>
            <input type="file" accept=".jsonl,.ndjson,application/x-ndjson" onChange={chooseImport} />
          </label>
          <Imported />
          <p class="muted">
            {t("import.other")} <code>unimem import --help</code>
          </p>
        </section>
      </div>
    </>
  );
}

function chooseImport(event: { currentTarget: HTMLInputElement }): void {
  const file = event.currentTarget.files?.[0];
  event.currentTarget.value = "";
  if (file) orNotify(() => importFile(file));
}

/** Reads the whole export, counting, and lets the reader save it. */
async function exportAll(vectors: boolean, trash: boolean): Promise<void> {
  exporting.value = 0;
  try {
    const response = await request("GET", `/api/export?vectors=${vectors}&trash=${trash}`);
    if (!response.ok) throw new Error(problemText(await response.json().catch(() => null), response.status));
    const reader = response.body!.getReader(), parts: Uint8Array<ArrayBuffer>[] = [];
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      exporting.value += value.length;
    }
    const date = new Date().toISOString().slice(0, 10);
    saveAs(`unimem-export-${date}.jsonl`, new Blob(parts, { type: "application/x-ndjson" }));
  } finally {
    exporting.value = null;
  }
}

async function importFile(file: File): Promise<void> {
  importing.value = { name: file.name, report: null };
  try {
    expectOwn(null);
    const response = await request("POST", "/api/import", {
      headers: { "Content-Type": "application/x-ndjson" },
      body: file,
    });
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new Error(problemText(answer, response.status));
    importing.value = { name: file.name, report: answer as Report };
    changed();
  } catch (error) {
    importing.value = null;
    throw error;
  }
}

function Imported() {
  if (importing.value === null) return null;
  const { name, report } = importing.value;
  if (report === null) {
    return (
      <p role="status">
        {t("import.running", { name })} <progress aria-label={t("import.running", { name })} />
      </p>
    );
  }
  return (
    <div role="status">
      <p class={report.success ? "" : "error"}>
        <strong dir="auto">{name}</strong>: {report.message}
      </p>
      <Facts
        rows={[
          [t("import.read"), number(report.read)],
          [t("import.stored"), number(report.stored)],
          [t("import.present"), number(report.present)],
          [t("nav.trash"), number(report.trashed)],
          [t("relations"), number(report.relations)],
          [t("import.faults"), number(report.faults)],
        ]}
      />
      <ul class="plain-list">
        {[...report.errors, ...report.notes].map(({ place, message }, index) => (
          <li key={index} dir="auto">{place}: {message}</li>
        ))}
      </ul>
    </div>
  );
}
