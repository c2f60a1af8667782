import { announceReady, createLogger, describeProblems, EXIT_CONFIG, parseEnv, untilSignal } from "@docrelay/platform";
import { schema } from "./config.ts";
import { startDemoEngine } from "./server.ts";

const parsed = parseEnv(schema, process.env);
if (!parsed.ok) {
  process.stderr.write(describeProblems("the demo engine", parsed.problems));
  process.exit(EXIT_CONFIG);
}
const log = createLogger({ level: parsed.config.LOG_LEVEL, name: "demo-engine" });
const stopped = untilSignal();
const engine = await startDemoEngine(parsed.config, (error) => log.warn({ err: error }, "connection failed"));
log.info({ port: engine.port }, "listening");
announceReady({ port: engine.port });
const reason = await stopped;
log.info({ reason }, "stopping");
await engine[Symbol.asyncDispose]();
