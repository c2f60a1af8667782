import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** The folder for what the bootstrap keeps between runs. It may be deleted at any time. */
export const cache = join(root, ".cache");

/**
 * The stream to which steps are printed. A program may read the doctor's output, so steps must not be mixed into it.
 */
const output = process.argv[2] === "doctor" ? process.stderr : process.stdout;

/** Does one step of the set-up, and prints its name and how long it took. */
export async function step(what, work) {
  const begun = performance.now();
  output.write(`  ${what} … `);
  const result = await work();
  output.write(`${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  return result;
}

/** Does a step, unless its result exists already and was made from the same inputs. */
export async function once({ name, inputs, isThere, what, work }) {
  const stamp = join(cache, `${name}.done`);
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(input).update("\0");
  const key = hash.digest("hex");
  try {
    if (isThere && readFileSync(stamp, "utf8") === key) return;
  } catch {
    // The file `stamp` does not exist, because the step was never done: it is done now.
  }
  await step(what, work);
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp, key);
}

/** Runs a command without showing its output; if the command fails, the output is in the error. */
export function command(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let said = "";
    const listen = (data) => (said = (said + data).slice(-8000));
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("error", (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.once("close", (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${program} ${args.join(" ")} failed:\n${said}`)),
    );
  });
}
