/** The manifests for Kubernetes, as far as they can be checked without a cluster. */

import { assert, assertEquals } from "@std/assert";
import { parse, parseAll } from "@std/yaml";
import { SETTINGS } from "../src/settings.ts";
import { VERSION } from "../src/version.ts";
import { openClient } from "./http/client.ts";

interface Probe {
  httpGet: { path: string; port: string };
}

interface Container {
  name: string;
  image: string;
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  ports: { name: string; containerPort: number }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  // deno-lint-ignore no-explicit-any -- differs by kind
  spec: any;
}

const read = (name: string) => Deno.readTextFile(new URL(`../deploy/kubernetes/${name}`, import.meta.url));

async function manifests(): Promise<Manifest[]> {
  const { resources } = parse(await read("kustomization.yaml")) as { resources: string[] };
  return (await Promise.all(resources.map(async (name) => parseAll(await read(name)) as Manifest[]))).flat();
}

const byKind = (all: Manifest[], kind: string) => all.filter((manifest) => manifest.kind === kind);

const named = (all: Manifest[], kind: string, name: string) =>
  byKind(all, kind).find(({ metadata }) => metadata.name === name)!;
const containerOf = ({ spec }: Manifest): Container => spec.template.spec.containers[0];
const WORKLOADS: [kind: string, name: string][] = [["Deployment", "unimem"], ["StatefulSet", "qdrant"]];

Deno.test("every setting that Kubernetes gives the service exists, and keys come from a secret", async () => {
  const all = await manifests();
  for (const [kind, name] of WORKLOADS) {
    for (const { name: variable, value, valueFrom } of containerOf(named(all, kind, name)).env) {
      if (kind === "Deployment") assert(variable in SETTINGS, variable);
      const isKey = /KEY$/.test(variable);
      assertEquals([isKey, value === undefined], [valueFrom !== undefined, isKey], variable);
      if (isKey) assertEquals(valueFrom!.secretKeyRef.name, "unimem");
    }
  }
  assertEquals(byKind(all, "Secret"), [], "keys are not among the files");
});

Deno.test("probes ask for what answers without a key, and only readiness depends on Qdrant", async () => {
  await using client = await openClient({ http: { apiKey: "a-key" } });
  const { startupProbe, livenessProbe, readinessProbe, ports } = containerOf(
    named(await manifests(), "Deployment", "unimem"),
  );
  for (const { httpGet: { path, port } } of [startupProbe, livenessProbe, readinessProbe]) {
    assertEquals((await client.get(path)).status, 200, path);
    assert(ports.some(({ name }) => name === port));
  }
  assertEquals(livenessProbe.httpGet.path, "/api/health");
  assertEquals(readinessProbe.httpGet.path, "/api/health/ready");
  assertEquals((await client.get("/api/memories")).status, 401);
});

Deno.test("services, budgets and workloads mean the same pods, which run without rights and say what they need", async () => {
  const all = await manifests(), labels = (name: string) => ({ "app.kubernetes.io/name": name });
  for (const [kind, name] of WORKLOADS) {
    const workload = named(all, kind, name), { selector, template, replicas } = workload.spec;
    assertEquals([selector.matchLabels, template.metadata.labels], [labels(name), labels(name)]);
    assertEquals(named(all, "PodDisruptionBudget", name).spec.selector.matchLabels, labels(name));
    const service = named(all, "Service", name), container = containerOf(workload);
    assertEquals(service.spec.selector, labels(name));
    for (const { port, targetPort } of service.spec.ports) {
      const target = targetPort ?? port;
      assert(container.ports.some(({ name, containerPort }) => name === target || containerPort === target), target);
    }
    assert(replicas >= 2);
    assertEquals(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assertEquals([template.spec.securityContext.runAsNonRoot, template.spec.automountServiceAccountToken], [
      true,
      false,
    ]);
    assert(
      container.resources.requests.memory && container.resources.requests.cpu && container.resources.limits.memory,
    );
    const volumes = [
      ...template.spec.volumes,
      ...(workload.spec.volumeClaimTemplates ?? []).map(
        ({ metadata }: Manifest) => metadata,
      ),
    ].map(({ name }) => name);
    for (const { name } of container.volumeMounts) assert(volumes.includes(name), name);
  }
  assertEquals(named(all, "StatefulSet", "qdrant").spec.serviceName, "qdrant-peers");
});

Deno.test("Kubernetes runs the versions, the user and the folder that the image and compose.yaml have", async () => {
  const all = await manifests(), deployment = named(all, "Deployment", "unimem"), { image } = containerOf(deployment);
  const { images, namespace } = parse(await read("kustomization.yaml")) as {
    images: { name: string; newTag: string }[];
    namespace: string;
  };
  assertEquals(images.map(({ name, newTag }) => [name, newTag]), [[image, VERSION]]);
  assertEquals(namespace, named(all, "Namespace", "unimem").metadata.name);
  const dockerfile = await read("../../Dockerfile"),
    { runAsUser, runAsGroup } = deployment.spec.template.spec.securityContext;
  assert(dockerfile.includes(`USER ${runAsUser}:${runAsGroup}`));
  assert(containerOf(deployment).volumeMounts.some(({ mountPath }) => mountPath === "/data"));
  const qdrant = /image: (qdrant\/qdrant:v[\d.]+)/.exec(await read("../../compose.yaml"))![1];
  assertEquals(containerOf(named(all, "StatefulSet", "qdrant")).image, `${qdrant}-unprivileged`);
});
