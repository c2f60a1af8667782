// Starts process.ts, prints its pid, and waits to be killed. The child prints to the stdout of this process. With the
// argument "ipc" there is an IPC channel, so the child ends when this process ends.
import { spawn } from "node:child_process";
import { join } from "node:path";

const child = spawn(process.execPath, [join(import.meta.dirname, "process.ts")], {
  env: { ...process.env, WHERE: "ws://host" },
  stdio: ["ignore", "inherit", "inherit", ...(process.argv[2] === "ipc" ? (["ipc"] as const) : [])],
});
process.stdout.write(`child ${child.pid}\n`);
if (process.argv[3] === "brief") process.exit(0);
setInterval(() => undefined, 1000);
