/**
 * Asks for the key of the service.
 *
 * @module
 */

import { ask } from "../store/dialogs.ts";
import { t } from "../text.ts";

/** The key that was typed; null when the question was left. */
export async function askKey(wasWrong: boolean): Promise<string | null> {
  let key = "";
  const sent = await ask({
    title: t("key.title"),
    body: () => (
      <label class="field">
        <span>{t("key.field")}</span>
        <input
          type="password"
          name="key"
          autocomplete="off"
          required
          data-first
          onInput={(event) => key = event.currentTarget.value}
        />
        <small>{t(wasWrong ? "key.wrong" : "key.hint")}</small>
      </label>
    ),
    action: t("key.use"),
    submit: () => {},
  });
  return sent ? key : null;
}
