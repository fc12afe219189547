/**
 * The consent of a person: the form, what speaks for its having come from our own page, and the sign-in.
 *
 * @module
 */

import { type Caller, includes, type Right, RIGHTS } from "../access/caller.ts";
import { isSpaceName } from "../memory/space.ts";
import { OAuthError, Parameters } from "./answers.ts";
import { type AuthorizationRequest, readAuthorization, redirect } from "./authorize.ts";
import type { Client } from "./clients.ts";
import { type ConsentForm, consentPage } from "./consent_page.ts";
import type { OAuthEvent } from "./event.ts";
import type { Consent } from "./grants.ts";
import { spaceOf } from "./resources.ts";
import { lowerOf } from "./scopes.ts";
import { hashOf, isEqual, newSecret } from "./tokens.ts";

const COOKIE = "unimem_consent", BROWSER_COOKIE = "unimem_browser";
/** Seconds for which a browser is known again. */
const KNOWN_SECONDS = 365 * 24 * 3600;
/** Seconds for which the form may stay open. */
const OPEN_SECONDS = 3600;
const MAX_SPACES = 32;

/** What a consent needs from the rest of the server. */
export interface ConsentSettings {
  /** Address of the service, which is the issuer. */
  base: string;
  findClient: (id: string) => Promise<Client>;
  /** The caller behind a key; the refusal of a wrong one. */
  signIn: (key: string) => Promise<Caller | Response>;
  /** Keeps the consent; gives the code. */
  grant: (consent: Consent) => Promise<string>;
  onEvent: (event: OAuthEvent) => void;
}

/** Shows the form for a request's query. @throws as `readAuthorization`. */
export async function askForConsent(query: string, settings: ConsentSettings): Promise<Response> {
  const { base, findClient } = settings;
  return show(await readAuthorization(query, base, findClient), base);
}

/** Takes the form. @throws as `readAuthorization`. */
export async function takeConsent(request: Request, body: string, settings: ConsentSettings): Promise<Response> {
  const { base, findClient, signIn, grant, onEvent } = settings;
  const form = new Parameters(body), text = form.need("request");
  checkOrigin(request, base, form.get("csrf") ?? "", text);
  const asked = await readAuthorization(text, base, findClient);
  if (form.get("decision") === "deny") {
    return redirect(asked, base, { error: "access_denied", error_description: "The owner refused" });
  }
  if (form.get("decision") !== "allow") throw new OAuthError("invalid_request", "The form says neither yes nor no");
  const wanted: ConsentForm = {
    rights: rightIn(form.get("rights"), asked.right),
    write: (form.get("write") ?? "").trim(),
    read: (form.get("read") ?? "").trim(),
  };
  const caller = await signIn(form.get("key") ?? "");
  const { name, kind } = caller instanceof Response ? { name: null, kind: null } : caller;
  const tell = (outcome: OAuthEvent["outcome"], detail: string) =>
    onEvent({ action: "oauthConsent", outcome, caller: name, kind, detail });
  if (caller instanceof Response) {
    tell("unauthorized", `No sign-in for ${asked.client.name}`);
    if (caller.status === 401) return show(asked, base, wanted, "This is not an admin key of this service");
    // Too many wrong ones, or a store that is away.
    return show(asked, base, wanted, "Keys can't be checked now: wait a minute, then try again", caller.status);
  }
  const spaces = spacesIn(wanted), fault = typeof spaces === "string" ? spaces : faultOf(caller, spaces);
  if (fault !== null || typeof spaces === "string") {
    tell("forbidden", `No consent to ${asked.client.name}: ${fault}`);
    return show(asked, base, wanted, fault);
  }
  const { client, redirectUri, challenge, resource } = asked;
  const browser = cookieOf(request, BROWSER_COOKIE) ?? newSecret();
  const code = await grant({
    client_id: client.id,
    client_name: client.name,
    // Each installation registers by itself; those with a document share its address.
    browser: client.host === null ? null : hashOf(browser),
    redirect_uri: redirectUri,
    challenge,
    rights: wanted.rights,
    spaces,
    resource,
    approved_by: caller.name,
    ...client.auth === "private_key_jwt" ? { by_key: true } : {},
  });
  tell("ok", `${wanted.rights} for ${client.name} (${client.id}) in ${spaces.write}`);
  const answer = redirect(asked, base, { code });
  answer.headers.append("Set-Cookie", cookie(BROWSER_COOKIE, browser, KNOWN_SECONDS, base));
  return answer;
}

function show(
  asked: AuthorizationRequest,
  base: string,
  form?: ConsentForm,
  fault: string | null = null,
  status?: number,
): Response {
  const secret = newSecret();
  const response = consentPage(asked, {
    form: form ?? {
      // Administration is given when it is meant, not because it was asked for.
      rights: lowerOf(asked.right, "write"),
      write: spaceOf(base, asked.resource) ?? "default",
      read: "",
    },
    csrf: proofOf(secret, asked.text),
    fault,
    cookie: cookie(COOKIE, secret, OPEN_SECONDS, base),
  });
  return status === undefined ? response : new Response(response.body, { status, headers: response.headers });
}

/** Refuses a form that another page made, or that was made for another request. */
function checkOrigin(request: Request, base: string, csrf: string, text: string): void {
  const site = request.headers.get("sec-fetch-site"), origin = request.headers.get("origin");
  const own = (site === null || site === "same-origin") && (origin === null || origin === new URL(base).origin);
  const secret = cookieOf(request, COOKIE);
  if (!own || secret === null || !isEqual(csrf, proofOf(secret, text))) {
    throw new OAuthError(
      "access_denied",
      "This form was not sent by the page it belongs to, or the page is too old",
      403,
    );
  }
}

function proofOf(secret: string, text: string): string {
  return hashOf(`${secret}\n${text}`);
}

/** A cookie that scripts don't see, and that other sites' forms don't send. */
function cookie(name: string, value: string, seconds: number, base: string): string {
  const path = new URL(base).pathname.replace(/\/$/, ""), secure = base.startsWith("https:") ? "; Secure" : "";
  return `${name}=${value}; Path=${path}/oauth; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

function cookieOf(request: Request, wanted: string): string | null {
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === wanted && value) return value;
  }
  return null;
}

/** What was chosen, never more than was asked for. */
function rightIn(text: string | undefined, most: Right): Right {
  return lowerOf(RIGHTS.find((right) => right === text) ?? "read", most);
}

/** The spaces in a form, or what is wrong with them. */
function spacesIn({ write, read }: ConsentForm): Consent["spaces"] | string {
  if (!isSpaceName(write)) return `${JSON.stringify(write)} is no name of a space`;
  if (read === "*") return { write, read: "all" };
  const names = read.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names.length > MAX_SPACES) return `More than ${MAX_SPACES} spaces are named`;
  const wrong = names.find((name) => !isSpaceName(name));
  return wrong === undefined ? { write, read: names } : `${JSON.stringify(wrong)} is no name of a space`;
}

/** Why this person can't give that; null when nothing is against it. */
function faultOf(caller: Caller, { write, read }: Consent["spaces"]): string | null {
  if (caller.kind !== "key" && caller.kind !== "admin-key" || !includes(caller.rights, "admin")) {
    return "This is not an admin key of this service";
  }
  if (caller.spaces === "all" && caller.writes === "all") return null;
  const writes = caller.writes;
  if (writes !== "all" && !writes.includes(write)) return `This key can't write to space ${JSON.stringify(write)}`;
  if (read === "all") return "This key doesn't have all spaces";
  const beyond = caller.spaces === "all" ? undefined : read.find((name) => !caller.spaces.includes(name));
  return beyond === undefined ? null : `This key can't read space ${JSON.stringify(beyond)}`;
}
