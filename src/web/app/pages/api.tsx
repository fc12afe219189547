/**
 * The REST API: its calls with their types, each to be tried with the reader's own key. RapiDoc 9 and Scalar 1 were tried
 * for this: both make a Trusted Types policy of their own, Scalar writes inline styles too, and neither draws anything under
 * the policy of these pages. Compressed they have 220 and 990 kB, where the whole dashboard has 115.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api.ts";
import { useData } from "../data.ts";
import { fold } from "../fold.ts";
import { Heading, Waiting } from "../parts/common.tsx";
import { download } from "../parts/download.ts";
import { type Call, Field, Fields, Prose, type Schemas } from "../parts/schema.tsx";
import { go, hrefOf, place } from "../router.ts";
import { orNotify } from "../store/notices.ts";
import { t } from "../text.ts";
import { TryCall } from "./try_call.tsx";

/** What is saved of the document. */
const DOCUMENT = {
  path: "/openapi.json",
  name: "unimem-openapi.json",
  type: "application/json",
  onProgress: () => {},
};

interface Document {
  info: { version: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Omit<Call, "path" | "method">>>;
  components: { schemas: Schemas };
}

/** The page. */
export function ApiPage() {
  const loaded = useData("openapi", (abort) => get<Document>("/openapi.json", {}, abort)), { data } = loaded;
  const calls = data
    ? Object.entries(data.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, call]) => ({ path, method, ...call }))
    )
    : [];
  const wanted = place.value.params.get("call"), chosen = calls.find(({ operationId }) => operationId === wanted);
  useEffect(() => {
    // Addresses of the page before this one.
    if (wanted === null && location.hash.length > 1) {
      go(hrefOf("/docs", { call: location.hash.slice(1) }), { replace: true });
    }
  }, []);
  return (
    <>
      <Heading title={t("nav.api")}>
        <button type="button" onClick={() => orNotify(() => download(DOCUMENT))}>{t("api.document")}</button>
      </Heading>
      <Waiting of={loaded} />
      {data && (
        <>
          {!chosen && (
            <p class="lead">
              {t("api.lead")} <span class="muted">Unimem {data.info.version}</span>
            </p>
          )}
          <div class={chosen ? "api chosen" : "api"}>
            <CallList calls={calls} tags={data.tags} chosen={chosen?.operationId} />
            {chosen && <CallView key={chosen.operationId} call={chosen} schemas={data.components.schemas} />}
          </div>
        </>
      )}
    </>
  );
}

function CallList(
  { calls, tags, chosen }: { calls: readonly Call[]; tags: Document["tags"]; chosen: string | undefined },
) {
  const typed = useSignal(""), wanted = fold(typed.value.trim());
  const found = calls.filter(({ path, summary, operationId }) =>
    fold(`${path} ${summary} ${operationId}`).includes(wanted)
  );
  return (
    <nav aria-label={t("api.calls")}>
      <label class="field">
        <span>{t("api.find")}</span>
        <input type="search" value={typed.value} onInput={(event) => typed.value = event.currentTarget.value} />
      </label>
      <p class="summary" role="status">{t("api.count", { n: found.length })}</p>
      <div class="groups">
        {tags.map(({ name, description }) => {
          const own = found.filter((call) => call.tags[0] === name);
          return own.length > 0 && (
            <section key={name}>
              <h2>{name}</h2>
              <p class="muted">{description}</p>
              <ul>
                {own.map(({ operationId, method, path, summary }) => (
                  <li key={operationId}>
                    <a
                      href={hrefOf("/docs", { call: operationId })}
                      aria-current={operationId === chosen ? "page" : undefined}
                      title={path}
                    >
                      <Method name={method} /> <span>{summary}</span>
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          );
        })}
      </div>
    </nav>
  );
}

function Method({ name }: { name: string }) {
  return <span class={`method ${name}`}>{name.toUpperCase()}</span>;
}

function CallView({ call, schemas }: { call: Call; schemas: Schemas }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const { method, path, summary, description, security, parameters = [], responses } = call;
  const [body] = Object.values(call.requestBody?.content ?? {}),
    [answer] = Object.values(responses["200"]?.content ?? {});
  return (
    <section class="call">
      <p class="back">
        <a href="/docs">{t("api.back")}</a>
      </p>
      <h2 ref={heading} tabIndex={-1}>
        <Method name={method} /> <code>{path}</code>
      </h2>
      <p>
        <Prose text={`${summary}.${description ? ` ${description}` : ""}`} />{" "}
        {security?.length === 0 && <small class="muted">{t("api.public")}</small>}
      </p>
      <TryCall call={call} schemas={schemas} />
      {parameters.length > 0 && (
        <>
          <h3>{t("api.parameters")}</h3>
          <ul class="type-fields">
            {parameters.map(({ name, schema, required = false, description }) => (
              <Field
                key={name}
                name={name}
                type={schema}
                isRequired={required}
                description={description}
                schemas={schemas}
              />
            ))}
          </ul>
        </>
      )}
      {body && (
        <>
          <h3>{t("api.body")}</h3>
          <Fields schemas={schemas} schema={body.schema} />
        </>
      )}
      {answer && (
        <>
          <h3>{t("api.answer")}</h3>
          <Fields schemas={schemas} schema={answer.schema} isAnswer />
        </>
      )}
      <h3>{t("api.statuses")}</h3>
      <ul class="type-fields">
        {Object.entries(responses).map(([status, { description }]) => (
          <li key={status}>
            <code class="name">{status}</code> <Prose text={description} />
          </li>
        ))}
      </ul>
    </section>
  );
}
