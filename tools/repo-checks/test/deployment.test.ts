import { settingNames } from "@docrelay/platform/setting-names";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type * as z from "zod";

const ROOT = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Service {
  readonly environment?: Record<string, string | null>;
  readonly env_file?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[] | Record<string, { readonly aliases?: readonly string[] }>;
  readonly profiles?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly mem_limit?: string;
  readonly cpu_shares?: number;
  readonly stop_grace_period?: string;
  readonly depends_on?: Record<string, { condition: string; required?: boolean }> | readonly string[];
  readonly volumes?: readonly string[];
  readonly dns?: readonly string[];
  readonly dns_opt?: readonly string[];
}
// The parser needs these options, because the services of the compose file merge parts of each other.
const compose = parse(read("docker-compose.yml"), { merge: true, maxAliasCount: -1 }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};
const { services, networks } = compose;
/** The services that parse untrusted files. */
const EXTRACTS: readonly string[] = ["extract", "extract-ocr"];
const OURS = { edge: "edge", ask: "worker", extract: "worker", engine: "demo-engine" } as const;

const schemas = new Map(
  await Promise.all(
    ["edge", "worker", "demo-engine"].map(async (app) => {
      const { schema } = (await import(join(ROOT, `apps/${app}/src/config.ts`))) as { schema: z.ZodType };
      return [app, settingNames(schema)] as const;
    }),
  ),
);
const networksOf = ({ networks: of = [] }: Service): readonly string[] => (Array.isArray(of) ? of : Object.keys(of));
const settingsOf = (app: string): readonly string[] => schemas.get(app) ?? [];

function passedTo(name: string): string[] {
  const service = services[name];
  const files = (service?.env_file ?? []).flatMap((path) => [
    ...read(path.replace(/\$\{.*?\}/, "")).matchAll(/^([A-Z_]+)=/gm),
  ]);
  return [...Object.keys(service?.environment ?? {}), ...files.map(([, key = ""]) => key)];
}

describe("the compose file", () => {
  it("has the services of the contract, and no others unless asked for", () => {
    const always = Object.entries(services).filter(([, { profiles }]) => !profiles);
    expect(always.map(([name]) => name).sort()).toEqual(["ask", "edge", "engine", "extract", "lb", "redis"]);
  });

  it.each(Object.entries(OURS))("passes to %s what its program knows", (name, app) => {
    const known = settingsOf(app);
    expect(known.length).toBeGreaterThan(3);
    expect(passedTo(name).filter((key) => !known.includes(key))).toEqual([]);
  });

  it("lets every setting through to some service", () => {
    const own = new Set(["PORT", "HOST", "ADMIN_PORT"]); // the image sets these itself
    for (const app of ["edge", "worker", "demo-engine"] as const) {
      const passed = new Set(Object.entries(OURS).flatMap(([name, of]) => (of === app ? passedTo(name) : [])));
      expect(settingsOf(app).filter((key) => !passed.has(key) && !own.has(key))).toEqual([]);
    }
  });

  it("has the same settings for an engine of one's own as for the demo", () => {
    const keys = (path: string): string[] => [...read(path).matchAll(/^([A-Z_]+)=/gm)].map(([, key = ""]) => key);
    expect(keys("deploy/own-engine.env")).toEqual(keys("deploy/engine.env"));
  });

  it.each([
    ["hash-max-listpack-value", "4096"],
    ["stream-node-max-bytes", "1536"],
  ])("sets %s of Redis to %s, as `npm start` and the tests do, and as the documents say", (name, value) => {
    const command = services["redis"]?.command ?? [];
    expect(command[command.indexOf(`--${name}`) + 1]).toBe(value);
    for (const file of ["apps/local/src/private-redis.ts", "packages/testkit/src/redis/redis.ts"])
      expect(read(file), file).toContain(`"--${name}", "${value}"`);
    expect(read("docs/operations.md")).toContain(`\`${name} ${value}\``);
    expect(read("docs/developing.md")).toContain(`--${name} ${value}`);
  });

  it("publishes on loopback unless told otherwise, and tells the edges where", () => {
    expect(services["lb"]?.ports).toEqual(["${BIND:-127.0.0.1}:${PORT:-8080}:8080"]);
    expect(services["edge"]?.environment?.["BIND"]).toBe("${BIND:-127.0.0.1}");
    expect(services["edge"]?.environment?.["AUTH_MODE"]).toBeNull();
    const others = Object.entries(services).filter(([name, { ports }]) => name !== "lb" && ports);
    for (const [, { ports }] of others) expect(ports?.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
  });

  it("is up when one replica of ours starts slowly: only Redis is waited for, and each has two minutes", () => {
    const waited = Object.values(services).flatMap(({ depends_on: on = [] }) =>
      Object.entries(on).flatMap(([name, { condition }]) => (condition === "service_healthy" ? [name] : [])),
    );
    expect([...new Set(waited)]).toEqual(["redis"]);
    expect(read("Dockerfile")).toMatch(/^HEALTHCHECK .*--start-period=120s/m);
  });

  it("looks at the health of a container each five seconds: each second, for eleven, kept two cores busy", () => {
    const intervals = [read("Dockerfile"), read("docker-compose.yml")].flatMap((text) => [
      ...text.matchAll(/(?<!_)interval[=:] ?(\w+)/g),
    ]);
    expect(new Set(intervals.map(([, interval]) => interval))).toEqual(new Set(["5s"]));
  });

  it("has replicas that are started like their master", () => {
    const master = services["redis"]?.command ?? [];
    for (const name of ["redis-2", "redis-3"])
      expect(services[name]?.command).toEqual([...master.slice(0, -1), name, "--replicaof", "redis", "6379"]);
    expect(services["sentinel"]?.command?.join("\n")).toContain("sentinel monitor docrelay redis 6379 2");
  });

  it("has sentinels and replicas that do not stand still while the name of a killed master is searched for", () => {
    const command = services["sentinel"]?.command?.join("\n") ?? "";
    expect(services["sentinel"]?.dns).toEqual(["127.0.0.1"]);
    expect(command).toContain('LocalAddr => "127.0.0.1:53"');
    // An extract worker reaches a sentinel by its name, and not by the address that the sentinel has in `data`.
    expect(command).toContain("sentinel announce-ip $$HOSTNAME");
    for (const name of ["redis", "redis-2", "redis-3"])
      expect(services[name]?.dns_opt).toEqual(["timeout:1", "attempts:1"]);
  });

  it("has six nodes for a cluster that differ by name and volume, with the options of the one Redis", () => {
    const nodes = [1, 2, 3, 4, 5, 6].map((n) => `redis-c${n}`);
    for (const name of nodes) {
      const { command = [], profiles, volumes } = services[name] ?? {};
      expect(command).toEqual([
        ...["redis-server", "/etc/cluster.conf", "--maxmemory", "${REDIS_MAXMEMORY:-3gb}"],
        ...["--cluster-announce-hostname", name],
      ]);
      expect(profiles).toEqual(["cluster"]);
      expect(volumes).toEqual([`${name}-data:/data`, "./deploy/redis-cluster.conf:/etc/cluster.conf:ro"]);
    }
    const { command: [, ...options] = [] } = services["redis"] ?? {};
    const lines = read("deploy/redis-cluster.conf").split("\n");
    for (let at = 0; at < options.indexOf("--maxmemory"); at += 2)
      expect(lines).toContain(`${options[at]?.slice(2)} ${options[at + 1] === "" ? '""' : options[at + 1]}`);
    expect(services["redis-cluster"]?.depends_on).toEqual(nodes);
    // With a cluster the single Redis is not needed, and services must wait until the cluster exists: otherwise they
    // would end and start again.
    for (const name of ["edge", "ask", "extract"])
      expect(services[name]?.depends_on).toEqual({
        redis: { condition: "service_healthy", required: false },
        "redis-cluster": { condition: "service_completed_successfully", required: false },
      });
  });

  it("holds no secret", () => {
    for (const [name, { environment = {} }] of Object.entries(services)) {
      // The S3 server takes its keys from the settings of docrelay, without a default.
      const passed = new Set(["${AWS_ACCESS_KEY_ID:-}", "${AWS_SECRET_ACCESS_KEY:-}"]);
      const secrets = Object.entries(environment).filter(([key]) => /SECRET|PASSWORD|TOKEN|_KEY/.test(key));
      for (const [key, value] of secrets) {
        if (name === "grafana" && value === "true") continue; // this value is a switch, not a secret
        if (name === "s3" && passed.has(value ?? "")) continue;
        expect(value, `${name} ${key}`).toBeNull();
      }
    }
  });

  it.each(Object.keys(services))("hardens %s", (name) => {
    const service = services[name];
    expect(service?.cap_drop).toEqual(["ALL"]);
    expect(service?.security_opt).toEqual(["no-new-privileges:true"]);
    expect(service?.read_only).toBe(true);
    expect(service?.mem_limit).toBeDefined();
  });

  it("runs programs that the image builds and contains, and gives those that drain the time for it", () => {
    const image = read("Dockerfile");
    const built = [...read("tools/bundle/src/programs.ts").matchAll(/"([^"]+\.mjs)"/g)].map(([, target]) => target);
    expect(image).toContain("RUN node tools/bundle/src/main.ts");
    const own = JSON.parse(/^CMD (.*)$/m.exec(image)?.[1] ?? "[]") as string[];
    const commands = [own, ...Object.keys(OURS).map((name) => services[name]?.command ?? [])];
    for (const [node, program = ""] of commands) {
      expect(node).toBe("node");
      expect(built).toContain(program);
      const folder = dirname(program);
      expect(image).toContain(`\nCOPY --from=built /app/${folder} ${folder}\n`);
    }
    for (const name of Object.keys(OURS)) {
      expect(services[name]?.stop_grace_period).toBeDefined();
    }
  });

  it("lets extraction have cores after everybody else", () => {
    const DEFAULT_SHARES = 1024;
    for (const [name, { cpu_shares = DEFAULT_SHARES }] of Object.entries(services)) {
      if (EXTRACTS.includes(name)) expect(cpu_shares).toBeLessThan(DEFAULT_SHARES);
      else expect(cpu_shares).toBe(DEFAULT_SHARES);
    }
  });

  it("lets extraction reach Redis and nothing else", () => {
    for (const name of EXTRACTS) expect(networksOf(services[name] ?? {})).toEqual(["jail"]);
    expect(networks["jail"]?.internal).toBe(true);
    const beside = Object.entries(services).filter(([, service]) => networksOf(service).includes("jail"));
    const nodes = [1, 2, 3, 4, 5, 6].map((n) => `redis-c${n}`);
    const stores = ["redis", "redis-2", "redis-3", ...nodes, "s3", "sentinel"];
    expect(beside.map(([name]) => name).sort()).toEqual([...EXTRACTS, "prometheus", ...stores]);
  });
});

describe("the observability profile", () => {
  it("asks only for metrics that exist", () => {
    const known = new Set([...read("docs/metrics.md").matchAll(/`(docrelay_\w+)`/g)].map(([, name = ""]) => name));
    const used = ["deploy/prometheus/alerts.yml", "deploy/grafana/dashboards/docrelay.json"].flatMap((path) => [
      ...new Set([...read(path).matchAll(/docrelay_\w+?(?=_bucket\b|\b)/g)].map(([name]) => name)),
    ]);
    expect(used.length).toBeGreaterThan(30);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  it("finds every edge and worker, also those of the profile ocr, which takes the place of extract", () => {
    const config = parse(read("deploy/prometheus/prometheus.yml")) as {
      scrape_configs: Array<{ dns_sd_configs: Array<{ names: string[] }> }>;
    };
    const names = config.scrape_configs.flatMap(({ dns_sd_configs: found }) => found.flatMap((one) => one.names));
    const aliases = Object.values(services["extract-ocr"]?.networks ?? {}).flatMap((one) =>
      typeof one === "string" ? [] : (one.aliases ?? []),
    );
    expect(names).toEqual(["edge", "ask", "extract"]);
    expect(aliases).toEqual(["extract"]);
  });

  it("shows every metric of the table, or watches it", () => {
    const known = [...read("docs/metrics.md").matchAll(/^\| `(docrelay_\w+)`/gm)].map(([, name = ""]) => name);
    const shown = read("deploy/prometheus/alerts.yml") + read("deploy/grafana/dashboards/docrelay.json");
    // Two metrics are left out, because other metrics on the dashboard show the same.
    const elsewhere = new Set(["docrelay_loop_delay_p99_ms", "docrelay_edge_resyncs_total"]);
    expect(known.filter((name) => !shown.includes(name) && !elsewhere.has(name))).toEqual([]);
  });

  it("is made of files that parse", () => {
    for (const folder of ["deploy/prometheus", "deploy/grafana/datasources", "deploy/grafana/dashboards"]) {
      for (const file of readdirSync(join(ROOT, folder))) {
        expect(
          file.endsWith(".json") ? JSON.parse(read(`${folder}/${file}`)) : parse(read(`${folder}/${file}`)),
        ).toBeTruthy();
      }
    }
  });
});

const haproxy = (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, "haproxy")));
describe("the balancer", () => {
  it("waits longer than an edge drains, and not longer than it must", () => {
    const config = read("deploy/haproxy.cfg");
    const every = Number(/default-server check inter (\d+)s fall 2/.exec(config)?.[1]) * 1000;
    const drainMs = Number(/DRAIN_DELAY_MS: integer\(.*default: (\d+)/.exec(read("apps/edge/src/config.ts"))?.[1]);
    // HAProxy removes an edge after two failed checks, and an edge may repeat an old result of its own check for 250
    // ms.
    expect(every * 2 + 250).toBeLessThan(drainMs);
    expect(config).toMatch(/option httpchk GET \/readyz/);
    expect(config).toMatch(/timeout tunnel 1h/);
  });

  it("puts one criterion into each acl: a second one would be a pattern of the first", () => {
    const lines = read("deploy/haproxy.cfg").match(/^\s+acl .*$/gm) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.trim(), line).toMatch(/^acl \w+ [a-z_]+(\(\w+\))?( -m \w+)? \S+$|-m found$/);
  });

  // This test runs only if HAProxy is installed; cluster:check runs HAProxy with this configuration, too.
  it.runIf(haproxy)("has a configuration that HAProxy accepts", async () => {
    const { stderr, stdout } = await promisify(execFile)("haproxy", ["-c", "-f", join(ROOT, "deploy/haproxy.cfg")], {
      env: { ...process.env, PROXIES_IN_FRONT: "127.0.0.1/32", ADDRESS_CONNECTIONS: "20000" },
    });
    expect(stdout + stderr).not.toMatch(/WARNING|ALERT/);
  });
});
