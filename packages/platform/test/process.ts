// A process like every app: it reads its settings, waits for a signal, and ends.
import { describeProblems, EXIT_CONFIG, integer, parseEnv, untilSignal, url } from "../src/index.ts";
import { setTimeout } from "node:timers/promises";
import * as z from "zod";

const parsed = parseEnv(z.object({ PORT: integer({ min: 1, max: 9, default: 5 }), WHERE: url(["ws:"]) }), process.env);
if (!parsed.ok) {
  process.stderr.write(describeProblems("the process", parsed.problems));
  process.exit(EXIT_CONFIG);
}
const stopped = untilSignal();
let ticks = 0;
const alive = setInterval(() => process.stdout.write(`tick ${++ticks}\n`), 200);
process.stdout.write("waiting\n");
process.stdout.write(`ending by ${await stopped}\n`);
await setTimeout(300); // this wait stands for a drain
process.stdout.write("ended\n");
clearInterval(alive);
