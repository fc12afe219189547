/**
 * Shows the dialog that is asked for.
 *
 * @module
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { dialog } from "../store/dialogs.ts";
import { t } from "../text.ts";

/** The place of dialogs. */
export function DialogHost() {
  const open = dialog.value;
  return open === null ? null : <Shown key={open.id} />;
}

function Shown() {
  const open = dialog.value!, element = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState(""), [busy, setBusy] = useState(false);
  useEffect(() => {
    const shown = element.current!, before = document.activeElement as HTMLElement | null;
    shown.showModal();
    shown.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      shown.close();
      if (before?.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const leave = (event?: Event) => {
    event?.preventDefault();
    open.done(false);
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      await open.submit();
      open.done(true);
    } catch (fault) {
      setError((fault as Error).message);
      setBusy(false);
    }
  };
  return (
    <dialog ref={element} class={open.wide ? "wide" : ""} aria-labelledby="dialog-title" onCancel={leave}>
      <form onSubmit={send}>
        <h2 id="dialog-title">{open.title}</h2>
        {open.body()}
        {error !== "" && <p class="error" role="alert">{error}</p>}
        <div class="buttons end">
          <button type="button" onClick={leave}>{t("cancel")}</button>
          <button type="submit" class={open.danger ? "danger" : "primary"} aria-busy={busy}>{open.action}</button>
        </div>
      </form>
    </dialog>
  );
}
