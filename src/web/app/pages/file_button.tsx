/**
 * Chooses documents to upload.
 *
 * @module
 */

import { useRef } from "preact/hooks";
import { go } from "../router.ts";
import { mayWrite } from "../store/caller.ts";
import { t } from "../text.ts";
import { ACCEPTED, uploadFiles } from "./upload.ts";

/** A button that opens the system's choice of files. */
export function FileButton() {
  const input = useRef<HTMLInputElement>(null);
  if (!mayWrite.value) return null;
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={ACCEPTED}
        aria-label={t("documents.choose")}
        onChange={(event) => {
          const files = [...event.currentTarget.files ?? []];
          event.currentTarget.value = "";
          if (files.length === 0) return;
          go("/documents");
          uploadFiles(files);
        }}
      />
      <button type="button" class="primary" onClick={() => input.current!.click()}>{t("documents.choose")}</button>
    </>
  );
}
