import { ChannelError } from "@docrelay/channel";
import {
  announceReady,
  countBuffersInHeap,
  createLogger,
  describeProblems,
  EXIT_CONFIG,
  PlatformError,
  untilSignal,
} from "@docrelay/platform";
import { readConfig } from "./config.ts";
import { startEdge } from "./edge.ts";

const NEEDS_AN_OPERATOR: ReadonlySet<string> = new Set(["redis-version", "redis-setting", "setting", "key"]);

countBuffersInHeap();
const parsed = readConfig(process.env);
if (!parsed.ok) {
  process.stderr.write(describeProblems("the edge", parsed.problems));
  process.exit(EXIT_CONFIG);
}
const { config } = parsed;
const log = createLogger({ level: config.LOG_LEVEL, name: "edge" });
const stopped = untilSignal();
// An unhandled rejection is only logged here. By default Node would end the process, and with it all connections.
process.on("unhandledRejection", (error) => log.error({ err: error }, "unhandled"));

const edge = await startEdge(config, log).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(describeProblems("the edge", [message]));
  const kind = error instanceof PlatformError || error instanceof ChannelError ? error.kind : "";
  process.exit(NEEDS_AN_OPERATOR.has(kind) ? EXIT_CONFIG : 1);
});
log.info({ port: edge.port, node: edge.node }, "listening");
announceReady({ port: edge.port });

const reason = await stopped;
log.info({ reason }, "stopping");
const late = await edge.stop();
if (late.length > 0) log.warn({ steps: late }, "not closed in time");
log.info({}, "stopped");
process.exit(0);
