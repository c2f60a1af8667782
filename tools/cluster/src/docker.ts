import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sourcesOf } from "./commit.ts";

const run = promisify(execFile);
const LINES = 16 * 1024 * 1024;

/** Runs a docker command and returns its output. @throws Error with the last lines of its output. */
export async function docker(words: readonly string[], timeoutMs = 60_000): Promise<string> {
  try {
    const { stdout } = await run("docker", [...words], { timeout: timeoutMs, maxBuffer: LINES });
    return stdout.trim();
  } catch (error) {
    throw failure(["docker", ...words], error);
  }
}

/** Whether a docker engine with Compose is available. */
export async function engineAnswers(): Promise<boolean> {
  return docker(["version", "--format", "{{.Server.Version}}"], 5000)
    .then(() => docker(["compose", "version"], 5000))
    .then(
      () => true,
      () => false,
    );
}

/** Builds the image of another commit, branch or tag of this repository. */
export async function buildCommit(root: string, commit: string, image: string): Promise<void> {
  // `--build-arg` gets no value, so docker takes it from the environment, if the variable is set there.
  const mirror = ["--build-arg", "NPM_CONFIG_REGISTRY"];
  await using sources = await sourcesOf(root, commit);
  await docker(["build", "--quiet", "--tag", image, ...mirror, sources.folder], 600_000);
}

/** The services of this repository's compose file, started as a Compose project with a name of its own. */
export interface Project {
  compose(words: readonly string[], timeoutMs?: number): Promise<string>;
  /** Runs deploy/roll.sh, which replaces each replica of a service. */
  roll(service: string): Promise<void>;
  /** Returns the ids of the running containers of a service. */
  containers(service: string): Promise<string[]>;
  /** Starts or stops replicas until each service has this number of them. */
  scale(replicas: Readonly<Record<string, number>>): Promise<void>;
}

export function openProject(root: string, settings: Readonly<Record<string, string>>): Project {
  // env(1) passes the settings, so that all other variables, including DOCKER_HOST, are inherited.
  const env = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const command = async (words: readonly string[], timeoutMs: number): Promise<string> => {
    try {
      const { stdout } = await run("env", [...env, ...words], { cwd: root, timeout: timeoutMs, maxBuffer: LINES });
      return stdout.trim();
    } catch (error) {
      throw failure(words, error);
    }
  };
  const project: Project = {
    compose: (words, timeoutMs = 170_000) => command(["docker", "compose", ...words], timeoutMs),
    roll: async (service) => void (await command(["deploy/roll.sh", service], 170_000)),
    async containers(service) {
      return (await project.compose(["ps", "--quiet", service])).split("\n").filter(Boolean);
    },
    async scale(replicas) {
      const numbers = Object.entries(replicas).flatMap(([service, n]) => ["--scale", `${service}=${n}`]);
      await project.compose(["up", "--detach", "--no-recreate", "--no-build", ...numbers]);
    },
  };
  return project;
}

function failure(words: readonly string[], error: unknown): Error {
  const said = String((error as { stderr?: string }).stderr ?? "") || String(error);
  return new Error(`${words.join(" ")}: ${said.trim().slice(-2000)}`, { cause: error });
}
