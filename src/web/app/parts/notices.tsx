/**
 * Shows the short messages.
 *
 * @module
 */

import { dismiss, notices, orNotify } from "../store/notices.ts";
import { t } from "../text.ts";

/** The place of messages. */
export function Notices() {
  return (
    <div id="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, kind, action }) => (
        <div key={id} class={`notice ${kind}`}>
          <span dir="auto">{text}</span>
          {action && (
            <button
              type="button"
              onClick={() => {
                dismiss(id);
                orNotify(async () => await action.run());
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="quiet" aria-label={t("notice.close")} onClick={() => dismiss(id)}>×</button>
        </div>
      ))}
    </div>
  );
}
