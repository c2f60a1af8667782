import { ChannelError } from "@docrelay/channel";
import { PdfError } from "@docrelay/pdf";
import {
  announceReady,
  countBuffersInHeap,
  createHealth,
  createLogger,
  describeProblems,
  EXIT_CONFIG,
  pingRedis,
  PlatformError,
  startAdminServer,
  untilSignal,
} from "@docrelay/platform";
import { startAskRole } from "./ask-role.ts";
import { openResources, type Resources } from "./resources.ts";
import { readConfig } from "./config.ts";
import { drain } from "./drain.ts";
import { startExtractRole } from "./extract-role.ts";
import { startSweeper } from "./sweep/sweeper.ts";

const NEEDS_AN_OPERATOR: ReadonlySet<string> = new Set(["redis-version", "redis-setting", "setting", "key"]);

countBuffersInHeap();
const parsed = readConfig(process.env);
if (!parsed.ok) {
  process.stderr.write(describeProblems("the worker", parsed.problems));
  process.exit(EXIT_CONFIG);
}
const { config } = parsed;
const log = createLogger({ level: config.LOG_LEVEL, name: "worker" });
const stopped = untilSignal();

const resources: Resources = await openResources(config, log).catch((error: unknown) => {
  if (!(error instanceof PlatformError || error instanceof ChannelError)) throw error;
  process.stderr.write(describeProblems("the worker", [error.message]));
  process.exit(NEEDS_AN_OPERATOR.has(error.kind) ? EXIT_CONFIG : 1);
});
const { life, metrics } = resources;

const health = createHealth();
health.check("redis", () => pingRedis(resources.redis));
health.check("self-test", () => resources.selfTest.check());
if (config.ADMIN_PORT > 0) {
  const admin = await startAdminServer({ port: config.ADMIN_PORT, host: config.HOST, health, metrics });
  life.add("admin server", () => admin[Symbol.asyncDispose]());
}

// Only workers with the role `ask` sweep. Sweeping reads conversations, and a worker that only extracts must not be
// able to read them, because it parses files of strangers.
if (config.WORKER_ROLES.has("ask")) {
  const sweeper = startSweeper(resources);
  life.add("sweeper", () => sweeper[Symbol.asyncDispose]());
  metrics.gauge("docrelay_asks_due", "Asks that the sweeper found due", () => sweeper.due);
}

const ask = config.WORKER_ROLES.has("ask") ? await startAskRole(resources) : undefined;
const extract = config.WORKER_ROLES.has("extract") ? await startExtractRole(resources).catch(cannotExtract) : undefined;
const consumers = [...(ask ? [ask.slots] : []), ...(extract ? [extract.consumer] : [])];
await extract?.consumer.ready();
await resources.membership.start();
log.info({ roles: [...config.WORKER_ROLES] }, "ready");
announceReady();

const reason = await stopped;
log.info({ reason, running: ask?.running.size ?? 0 }, "stopping");
health.drain();
const { stopping, leaving, membership } = resources;
const how = await drain({
  membership,
  consumers,
  running: ask?.running,
  stopping,
  leaving,
  graceMs: config.WORKER_GRACE_MS,
});
const problems = await life.close();
for (const { step, error } of problems) log.warn({ step, err: error }, "not closed");
log.info({ how }, "stopped");
process.exit(0);

function cannotExtract(error: unknown): never {
  if (!(error instanceof PdfError)) throw error;
  process.stderr.write(describeProblems("the worker", [`OCR=auto: ${error.message}`]));
  process.exit(EXIT_CONFIG);
}
