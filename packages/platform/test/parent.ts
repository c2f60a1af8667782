// Starts process.ts, says its pid, and is there to be killed. What the child prints goes to our own stdout.
import { spawn } from "node:child_process";
import { join } from "node:path";

const child = spawn(process.execPath, [join(import.meta.dirname, "process.ts")], {
  env: { ...process.env, WHERE: "ws://host" },
  stdio: ["ignore", "inherit", "inherit"],
});
process.stdout.write(`child ${child.pid}\n`);
setInterval(() => undefined, 1000);
