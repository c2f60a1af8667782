import { freePort } from "@docrelay/testkit";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RECIPES = join(import.meta.dirname, "../../../deploy/recipes");

/** A recipe of deploy/recipes (a part of a proxy's configuration), and how to run the proxy. */
export interface Recipe {
  readonly name: string;
  readonly file: string;
  /** The path at which Debian installs the program. */
  readonly program: string;
  /** The port in the recipe. The test replaces it by a free port. */
  readonly port: number;
  /** Returns a complete configuration that contains the recipe. In `folder` the proxy may write files. */
  whole(recipe: string, folder: string): string;
  args(file: string, folder: string): string[];
  readonly reload: NodeJS.Signals;
  /**
   * Text that is added to the configuration before a reload, for a proxy that does not reload an unchanged
   * configuration.
   */
  readonly change?: string;
  /** Whether WebSockets that are open during a reload of the proxy stay open. */
  readonly keepsSockets: boolean;
}

const APACHE = [
  "mpm_event",
  "authz_core",
  "alias",
  "env",
  "headers",
  "proxy",
  "proxy_http",
  "proxy_balancer",
  "slotmem_shm",
  "lbmethod_bybusyness",
];

export const PROXIES: readonly Recipe[] = [
  {
    name: "nginx",
    file: "nginx.conf",
    program: "/usr/sbin/nginx",
    port: 8090,
    whole: (recipe, folder) =>
      [
        `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1;`,
        "events { worker_connections 256; }",
        `http { access_log off; ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}`,
        recipe,
        "}",
      ].join("\n"),
    args: (file, folder) => ["-p", folder, "-c", file],
    reload: "SIGHUP",
    keepsSockets: true,
  },
  {
    name: "Caddy",
    file: "Caddyfile",
    program: "/usr/bin/caddy",
    port: 8091,
    // Started with `--watch`, Caddy reloads when its file changes. So it needs no admin endpoint for reloads.
    whole: (recipe) => `{\n\tadmin off\n}\n${recipe}`,
    args: (file) => ["run", "--adapter", "caddyfile", "--config", file, "--watch"],
    reload: "SIGCONT",
    change: "\nhttp://127.0.0.1:0 {\n\trespond reloaded\n}\n",
    keepsSockets: false,
  },
  {
    name: "Apache",
    file: "apache.conf",
    program: "/usr/sbin/apache2",
    port: 8092,
    whole: (recipe, folder) =>
      [
        `ServerRoot ${folder}`,
        "ServerName localhost",
        // Apache needs these two lines if it runs as root, and ignores them otherwise.
        "User www-data",
        "Group www-data",
        `PidFile ${folder}/pid`,
        `DefaultRuntimeDir ${folder}`,
        `ErrorLog ${folder}/error.log`,
        ...APACHE.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
        recipe,
      ].join("\n"),
    args: (file) => ["-f", file, "-DFOREGROUND"],
    reload: "SIGUSR1",
    keepsSockets: true,
  },
  {
    name: "HAProxy",
    file: "haproxy.cfg",
    program: "/usr/sbin/haproxy",
    port: 8093,
    whole: (recipe) => recipe,
    args: (file) => ["-W", "-db", "-f", file],
    reload: "SIGUSR2",
    keepsSockets: true,
  },
  {
    name: "lighttpd",
    file: "lighttpd.conf",
    program: "/usr/sbin/lighttpd",
    port: 8094,
    whole: (recipe, folder) => `server.document-root = "${folder}"\n${recipe}`,
    args: (file) => ["-D", "-f", file],
    reload: "SIGUSR1",
    keepsSockets: false,
  },
];

export const isInstalled = ({ program }: Recipe): boolean => existsSync(program);

export interface RunningProxy extends AsyncDisposable {
  readonly port: number;
  /** Returns all that the proxy has printed. */
  readonly said: () => string;
  reload(): void;
}

export async function startProxy(recipe: Recipe, edges: readonly [number, number]): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "docrelay-proxy-"));
  const port = await freePort();
  const text = readFileSync(join(RECIPES, recipe.file), "utf8")
    .replaceAll(String(recipe.port), String(port))
    .replaceAll("3001", String(edges[0]))
    .replaceAll("3002", String(edges[1]));
  const file = join(folder, recipe.file);
  const whole = recipe.whole(text, folder);
  writeFileSync(file, whole);
  let said = "";
  const child: ChildProcess = spawn(recipe.program, recipe.args(file, folder), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (said += data.toString()));
  const ended = once(child, "exit");
  return {
    port,
    said: () => said,
    reload() {
      // Caddy reloads because its file is written again, the other proxies because of the signal.
      writeFileSync(file, `${whole}${recipe.change ?? ""}`);
      child.kill(recipe.reload);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
