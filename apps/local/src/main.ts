import { createLifecycle, describeProblems, EXIT_CONFIG, parseEnv, untilSignal } from "@docrelay/platform";
import { schema } from "./config.ts";
import { startAll } from "./start.ts";

const parsed = parseEnv(schema, process.env);
if (!parsed.ok) {
  process.stderr.write(describeProblems("docrelay", parsed.problems));
  process.exit(EXIT_CONFIG);
}
const { config } = parsed;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const life = createLifecycle(8000);
const ending = new AbortController();
const stopped = untilSignal().finally(() => ending.abort());

const outcome = await Promise.race([
  startAll({ config, env: process.env, life, say: (text) => say(`! ${text}`), ending: ending.signal }).then(
    (started) => ({ started }),
    (error: unknown) => ({ error }),
  ),
  stopped.then(() => ({})),
]);

if ("error" in outcome) {
  process.stderr.write(`\n${outcome.error instanceof Error ? outcome.error.message : String(outcome.error)}\n`);
  process.exitCode = 1;
} else if ("started" in outcome) {
  const { demo, privateRedis, broken } = outcome.started;
  say(`ready http://localhost:${config.PORT}`);
  say("");
  say("  Open the address, drop a PDF on the page and ask: what is inside this pdf?");
  if (demo) say("  Answers come from the offline demo engine. Your own: ENGINE_URL=ws://host:port npm start");
  else say("  Answers come from your engine.");
  if (privateRedis)
    say("  Conversations live in a private Redis and end with it. To keep them: REDIS_URL=redis://host:6379 npm start");
  say("  Ctrl-C ends everything.");
  const why = await Promise.race([stopped, broken]);
  if (!why.startsWith("SIG") && why !== "parent-gone") {
    process.stderr.write(`${why} Start again: npm start\n`);
    process.exitCode = 1;
  }
}
const begun = performance.now();
const problems = await life.close();
for (const { step } of problems) process.stderr.write(`${step} did not end in time\n`);
if ("started" in outcome) say(`ended in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
process.exit();
