// A process as every app is one: settings, then a signal, then its end.
import { describeProblems, EXIT_CONFIG, integer, parseEnv, untilSignal, url } from "../src/index.ts";
import * as z from "zod";

const parsed = parseEnv(z.object({ PORT: integer({ min: 1, max: 9, default: 5 }), WHERE: url(["ws:"]) }), process.env);
if (!parsed.ok) {
  process.stderr.write(describeProblems("the process", parsed.problems));
  process.exit(EXIT_CONFIG);
}
const stopped = untilSignal({ watchParent: true });
const alive = setInterval(() => undefined, 1000);
process.stdout.write("waiting\n");
process.stdout.write(`ended by ${await stopped}\n`);
clearInterval(alive);
