import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";

/*
 * Tests that Helm renders the chart, and that the result fits the schemas of the Kubernetes API. `helm` is taken from
 * DOCRELAY_HELM or the PATH.
 */

const CHART = join(import.meta.dirname, "../../../deploy/helm");
const VALUES = readdirSync(join(CHART, "ci"));
const candidates = [
  process.env["DOCRELAY_HELM"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "helm")),
];
const helm = candidates.find((path) => path !== "" && existsSync(path));
if (!helm) process.stdout.write("helm is not there: the chart is not rendered (DOCRELAY_HELM=/path/to/helm)\n");

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown>;
}
/** The packages that have the schemas of custom resources, by API group. */
const SCHEMAS: Readonly<Record<string, string>> = {
  "keda.sh": "@kubernetes-models/keda",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
};

async function render(...args: string[]): Promise<Manifest[]> {
  const { stdout } = await promisify(execFile)(helm ?? "", ["template", "relay", CHART, ...args]);
  return parseAllDocuments(stdout, { merge: true })
    .map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJSON() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
}

/** Checks a manifest by the schema of its kind. @throws Error when the manifest does not fit the schema. */
async function validate(manifest: Manifest): Promise<void> {
  const { apiVersion, kind } = manifest;
  const root = SCHEMAS[apiVersion.split("/")[0] ?? ""] ?? "kubernetes-models";
  const models = (await import(`${root}/${apiVersion}/${kind}`)) as Record<
    string,
    new (data: object) => { validate(): void }
  >;
  const Model = models[kind];
  if (!Model) throw new Error(`${apiVersion} has no ${kind}`);
  new Model(manifest).validate();
}

describe.skipIf(!helm)("the chart", () => {
  it.each(VALUES)("with %s is valid, and each pod is hardened", async (file) => {
    const manifests = await render("-f", join(CHART, "ci", file));
    for (const manifest of manifests) await validate(manifest);
    const pods = manifests.filter(({ kind }) => kind === "Deployment");
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(
      ["edge", "ask", "extract"].map((role) => `relay-docrelay-${role}`),
    );
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        template: {
          spec: {
            automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            containers: [
              {
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
                readinessProbe: { httpGet: { path: "/readyz" } },
                livenessProbe: { httpGet: { path: "/healthz" } },
              },
            ],
          },
        },
      });
    }
  });

  it("tells every program that Redis is a cluster, and how its queue is spread", async () => {
    const pods = (await render("-f", join(CHART, "ci/cluster.yaml"))).filter(({ kind }) => kind === "Deployment");
    expect(pods).toHaveLength(3);
    for (const { spec } of pods) {
      const { template } = spec as { template: { spec: { containers: Array<{ env: unknown }> } } };
      const [container] = template.spec.containers;
      expect(container?.env).toEqual(
        expect.arrayContaining([
          { name: "REDIS_URL", value: "redis://redis-0.redis:6379,redis://redis-1.redis:6379" },
          { name: "REDIS_CLUSTER", value: "true" },
          { name: "QUEUE_SHARDS", value: "3" },
        ]),
      );
    }
  });

  it("that is wrong is refused by the schemas", async () => {
    const [manifest] = (await render("-f", join(CHART, "ci/minimal.yaml"))).filter(({ kind }) => kind === "Deployment");
    await expect(validate({ ...manifest, spec: { ...manifest?.spec, replicas: "two" } } as Manifest)).rejects.toThrow(
      /replicas/,
    );
  });

  it("lets extract workers reach nothing but Redis, names and the blob store", async () => {
    const manifests = await render("-f", join(CHART, "ci/prefix-s3.yaml"));
    const policy = manifests.find(
      ({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name.endsWith("-extract"),
    );
    const { egress } = (policy?.spec ?? {}) as { egress?: ReadonlyArray<{ ports: ReadonlyArray<{ port: number }> }> };
    expect(egress?.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 6380, 9000]);
  });

  it.each([
    [[], /redis\.url is missing/],
    [["redis.url=redis://r", "redis.sentinels=s:1"], /both set/],
    [["redis.cluster=true", "redis.sentinels=s:1", "redis.sentinelName=m"], /redis\.cluster and redis\.sentinels/],
    [["redis.sentinels=s:1"], /redis\.sentinelName is missing/],
    [["redis.url=redis://r"], /engine\.url is missing/],
    [["redis.url=redis://r", "engine.url=ws://e"], /AUTH_MODE must be chosen/],
  ])("says what is missing beside %j", async (values, sentence) => {
    const rendered = render(...values.flatMap((value) => ["--set", value]));
    await expect(rendered).rejects.toMatchObject({ stderr: expect.stringMatching(sentence) });
  });
});
