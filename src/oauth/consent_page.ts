/**
 * The page on which the owner of the memories agrees to a client's request. It needs no script, and nothing from outside.
 *
 * @module
 */

import { type Right, RIGHTS } from "../access/caller.ts";
import colours from "../web/style/colours.css" with { type: "text" };
import type { AuthorizationRequest } from "./authorize.ts";
import { destinationOf } from "./redirects.ts";
import own from "./consent.css" with { type: "text" };

/** The dashboard's colours, and this page's own rules. */
export const CONSENT_STYLE = `${colours}${own}`;

const MEANING: Record<Right, [title: string, text: string]> = {
  read: ["Read", "Search and read memories."],
  write: ["Read and write", "Also store, change and delete memories."],
  admin: ["Everything", "Also export, import, and whatever else an administrator may do."],
};

/** What the form holds besides the request; as it was sent, when it is shown again. */
export interface ConsentForm {
  rights: Right;
  /** Names of spaces as they are typed. */
  write: string;
  read: string;
}

/** A page of the server. */
export interface Page {
  status?: number;
  /** What the policy lets forms lead to besides this server. */
  formAction?: string;
  headers?: Record<string, string>;
}

/** The form. @param fault What was wrong with the one that was sent; null at first. */
export function consentPage(
  { client, redirectUri, right, text }: AuthorizationRequest,
  { form, csrf, fault, cookie }: { form: ConsentForm; csrf: string; fault: string | null; cookie: string },
): Response {
  const { name, source, local } = destinationOf(redirectUri);
  const asked = RIGHTS.slice(0, RIGHTS.indexOf(right) + 1);
  const from = client.host === null
    ? "It gave itself this name, which isn't verified."
    : `<strong>${escape(client.host)}</strong> vouches for it.`;
  const choices = asked.map((each) => {
    const [title, meaning] = MEANING[each], checked = each === form.rights ? " checked" : "";
    return `<label class="choice"><input type="radio" name="rights" value="${each}"${checked}>
      <span><strong>${title}</strong> ${meaning}</span></label>`;
  });
  return page(
    `Access for ${client.name}`,
    `<h1>${escape(client.name)} asks for access to your memories</h1>
<dl>
  <dt>Who asks</dt><dd>${escape(client.id)}<br>${from}</dd>
  <dt>Where the answer goes</dt><dd><strong>${escape(name)}</strong>${
      local ? "<br>Agree only if you have just started this on your own computer." : ""
    }</dd>
</dl>
${fault === null ? "" : `<p class="fault" role="alert">${escape(fault)}</p>`}
<form method="post" action="authorize">
  <input type="hidden" name="request" value="${escape(text)}">
  <input type="hidden" name="csrf" value="${escape(csrf)}">
  <fieldset><legend>It may</legend>
    ${choices.join("\n    ")}
  </fieldset>
  <fieldset><legend>In these spaces</legend>
    <label class="field"><span>Stores in</span>
      <input name="write" value="${
      escape(form.write)
    }" required maxlength="64" autocomplete="off" spellcheck="false"></label>
    <label class="field"><span>Reads besides</span>
      <input name="read" value="${escape(form.read)}" maxlength="2000" autocomplete="off" spellcheck="false"
        aria-describedby="read-hint"></label>
    <p class="hint" id="read-hint">Names of spaces with commas between them, or * for all spaces, those to come too, to
      read and to write. Leave it empty for none.</p>
  </fieldset>
  <label class="field"><span>Your admin key</span>
    <input type="password" name="key" required maxlength="1000" autocomplete="current-password" autofocus></label>
  <p class="hint">MCP_API_KEY, or a key with the right admin. It stays here: ${escape(client.name)} doesn't get it.</p>
  <div class="buttons">
    <button name="decision" value="allow" class="primary">Allow</button>
    <button name="decision" value="deny" formnovalidate>Refuse</button>
  </div>
</form>`,
    { status: fault === null ? 200 : 400, formAction: source, headers: { "Set-Cookie": cookie } },
  );
}

/** Shows the person what is wrong, where nothing may be sent to the client. */
export function faultPage(message: string, status: number): Response {
  return page(
    "No access given",
    `<h1>No access was given</h1>
<p>${escape(message)}</p>
<p class="hint">Go back to the program that sent you here, and begin again there.</p>`,
    { status },
  );
}

function page(title: string, body: string, { status = 200, formAction, headers = {} }: Page): Response {
  // Chromium asks the form's policy about every redirect that follows too, and clients may send their users on.
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    `form-action 'self'${formAction === undefined ? "" : ` ${formAction} https:`}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="same-origin">
<title>${escape(title)} · Unimem</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<header>Unimem</header>
<main>
${body}
</main>
</body>
</html>
`;
  return new Response(html, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      "Content-Security-Policy": policy,
      "X-Frame-Options": "DENY",
      ...headers,
    },
  });
}

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
}
