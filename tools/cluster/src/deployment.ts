import { untilSignal } from "@docrelay/platform";
import { eventually, freePort } from "@docrelay/testkit";
import { say, seconds } from "./conclude.ts";
import { docker, openProject, type Project } from "./docker.ts";

export const IMAGE = "docrelay:cluster-check";

/** This repository's compose file, started under a name of its own on a free port. */
export interface Deployment extends Project {
  readonly url: string;
  /**
   * Returns the same project with another image of docrelay: its `roll` replaces the containers by containers of that
   * image.
   */
  withImage(image: string): Project;
  /** Starts the services with these numbers of replicas, by service; resolves when an edge is ready. */
  start(replicas: Readonly<Record<string, number>>): Promise<void>;
  /** Kills a replica of a service with SIGKILL, and returns its container. */
  kill(service: string): Promise<string>;
}

/**
 * Builds docrelay's image, calls `check` with a deployment of it, and removes the deployment with its volumes. Returns
 * the exit code that `check` returned, or 1 if it threw.
 */
export async function inDeployment(
  root: string,
  settings: Readonly<Record<string, string>>,
  check: (deployment: Deployment) => Promise<number>,
): Promise<number> {
  const port = await freePort();
  const open = (image: string): Project =>
    openProject(root, {
      COMPOSE_PROJECT_NAME: `docrelay-check-${process.pid}`,
      COMPOSE_DISABLE_ENV_FILE: "1",
      IMAGE: image,
      PORT: String(port),
      BIND: "127.0.0.1",
      ...settings,
    });
  const project = open(IMAGE);
  const down = (): Promise<string> => project.compose(["down", "--volumes", "--timeout", "2"]);
  void untilSignal().then(() => void down().finally(() => process.exit(130)));
  try {
    say(`image built in ${await seconds(() => project.compose(["build", "edge"], 600_000))}`);
    return await check(deploymentOf(project, `http://127.0.0.1:${port}`, open));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    say(await project.compose(["logs", "--tail", "20"]).catch(() => ""));
    return 1;
  } finally {
    await down();
  }
}

function deploymentOf(project: Project, url: string, open: (image: string) => Project): Deployment {
  return {
    ...project,
    url,
    withImage: open,
    async start(replicas) {
      await project.scale(replicas);
      await eventually(async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) })).ok, {
        timeoutMs: 60_000,
        everyMs: 50,
        what: "an edge behind the balancer",
      });
    },
    async kill(service) {
      const [victim = ""] = await project.containers(service);
      await docker(["kill", "--signal", "KILL", victim]);
      return victim;
    },
  };
}
