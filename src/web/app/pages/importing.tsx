/**
 * Import: exports of Unimem, and other programs' data.
 *
 * @module
 */

import { signal, useSignal } from "@preact/signals";
import { expectOwn } from "../live.ts";
import { Facts } from "../parts/common.tsx";
import { send } from "../parts/send.ts";
import { changed } from "../store/changed.ts";
import { orNotify } from "../store/notices.ts";
import { number, t } from "../text.ts";

/** Whose data can be read; `` lets the service find out. */
const KINDS = [
  "",
  "unimem",
  "mem0",
  "basic-memory",
  "markdown",
  "chatgpt",
  "claude",
  "claude-code",
  "codex",
  "copilot-cli",
  "cursor",
  "gemini-cli",
  "mcp-reference",
  "python-json",
  "python-sqlite",
] as const;
/** Bytes from which an export is recognised. */
const SAMPLE = 400;

interface Report {
  success: boolean;
  message: string;
  read: number;
  stored: number;
  present: number;
  trashed: number;
  relations: number;
  faults: number;
  left_out: Record<string, number>;
  errors: { place: string; message: string }[];
  notes: { place: string; message: string }[];
}

/** The import that runs or ran last: `sent` is the share that arrived. */
const importing = signal<{ name: string; sent: number; report: Report | null } | null>(null);

/** The section's contents. */
export function Import() {
  const kind = useSignal<typeof KINDS[number]>("");
  const choose = (event: { currentTarget: HTMLInputElement }) => {
    const files = [...event.currentTarget.files ?? []];
    event.currentTarget.value = "";
    if (files.length > 0) orNotify(() => importFiles(files, kind.value));
  };
  const isRunning = importing.value !== null && importing.value.report === null;
  return (
    <>
      <p>{t("import.text")}</p>
      <label class="field">
        <span>{t("import.kind")}</span>
        <select value={kind.value} onChange={(event) => kind.value = event.currentTarget.value as typeof kind.value}>
          {KINDS.map((name) => <option key={name} value={name}>{t(`import.kind.${name === "" ? "any" : name}`)}
          </option>)}
        </select>
      </label>
      <label class="field">
        <span>{t("import.file")}</span>
        <input type="file" multiple disabled={isRunning} onChange={choose} />
      </label>
      <label class="field">
        <span>{t("import.folder")}</span>
        <input type="file" disabled={isRunning} onChange={choose} {...{ webkitdirectory: true }} />
        <small>{t("import.folder.hint")}</small>
      </label>
      <Imported />
      <p class="muted">
        {t("import.other")} <code>unimem import --help</code>
      </p>
    </>
  );
}

async function importFiles(files: readonly File[], kind: string): Promise<void> {
  const [first] = files, name = files.length === 1 ? first!.name : t("import.files", { n: files.length });
  const onProgress = (sent: number) => importing.value = { name, sent, report: null };
  onProgress(0);
  try {
    expectOwn(null);
    const isExport = files.length === 1 && (kind === "" || kind === "unimem") && await isOwn(first!);
    // An export is read as it arrives, whatever its size.
    const report = isExport
      ? await send<Report>("/api/import", first!, onProgress, { "Content-Type": "application/x-ndjson" })
      : await send<Report>("/api/import/files", formOf(files, kind), onProgress);
    importing.value = { name, sent: 1, report };
    changed();
  } catch (error) {
    importing.value = null;
    throw error;
  }
}

async function isOwn(file: File): Promise<boolean> {
  return /^\ufeff?\{"kind":"header"|"format":"unimem-export"/.test(await file.slice(0, SAMPLE).text());
}

function formOf(files: readonly File[], kind: string): FormData {
  const form = new FormData();
  if (kind !== "") form.append("kind", kind);
  form.append("modified", files.map(({ lastModified }) => Math.floor(lastModified / 1000)).join(","));
  for (const file of files) form.append("files", file, file.webkitRelativePath || file.name);
  return form;
}

function Imported() {
  if (importing.value === null) return null;
  const { name, sent, report } = importing.value;
  if (report === null) {
    const text = t(sent < 1 ? "import.sending" : "import.running", { name });
    return (
      <p role="status">
        <span dir="auto">{text}</span> <progress {...sent < 1 ? { max: 1, value: sent } : {}} aria-label={text} />
      </p>
    );
  }
  const left = Object.entries(report.left_out).map(([what, count]) => `${number(count)} ${what}`).join(", ");
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
          [t("import.left"), left],
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
