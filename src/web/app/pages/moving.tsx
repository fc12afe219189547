/**
 * Everything out and in: export and import.
 *
 * @module
 */

import { signal, useSignal } from "@preact/signals";
import { Heading } from "../parts/common.tsx";
import { download } from "../parts/download.ts";
import { orNotify } from "../store/notices.ts";
import { bytes, t } from "../text.ts";
import { Import } from "./importing.tsx";

/** Bytes of the export so far; null while none runs. */
const exporting = signal<number | null>(null);

/** The page. */
export function MovingPage() {
  const vectors = useSignal(false), trash = useSignal(true);
  return (
    <>
      <Heading title={t("nav.moving")} />
      <div class="columns">
        <section class="stack">
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
        <section class="stack">
          <h2>{t("import")}</h2>
          <Import />
        </section>
      </div>
    </>
  );
}

/** Lets the reader save the whole export, counting what came of it. */
async function exportAll(vectors: boolean, trash: boolean): Promise<void> {
  try {
    await download({
      path: `/api/export?vectors=${vectors}&trash=${trash}`,
      name: `unimem-export-${new Date().toISOString().slice(0, 10)}.jsonl`,
      type: "application/x-ndjson",
      onProgress: (read) => exporting.value = read,
    });
  } finally {
    exporting.value = null;
  }
}
