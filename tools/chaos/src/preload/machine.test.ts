import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const MACHINE = fileURLToPath(new URL("machine.ts", import.meta.url));

/**
 * A program without a free descriptor below its highest one, as a busy edge may be. It loses its descriptors, gets them
 * back, and prints after which of the two a file could be opened.
 */
const PROGRAM = `
  const { openSync } = await import("node:fs");
  const { obeyMachine } = await import(process.argv[1]);
  obeyMachine(JSON.stringify({ isOutOfDescriptors: false }));
  const open = () => openSync("/dev/null", "r");
  for (let opened = 0; opened < 500; opened++) open(); // each open takes the lowest free descriptor
  const canOpen = () => { try { open(); return true; } catch { return false; } };
  const seen = [true, false].map((isOutOfDescriptors) => {
    process.emit("message", { chaos: { isOutOfDescriptors } });
    return canOpen();
  });
  process.stdout.write(JSON.stringify(seen));
`;

it("takes every descriptor of a process and gives them back, however few were free before", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM, MACHINE]);
  expect(JSON.parse(stdout)).toEqual([false, true]);
});
