import { spawnSync } from "node:child_process";
import { constants, setPriority } from "node:os";
import { parseArgs } from "node:util";
import { untilSignal } from "@docrelay/platform";
import { createAbuser } from "./abuser.ts";
import { ABUSES } from "./abuses.ts";

/*
 * Runs one abuse for `--seconds`. A real abuser does not use the relay's cores, so the run should show only the work
 * that the abuse causes in the relay. So this process runs only on cores that nothing else uses, as the children that
 * read PDFs do. With a higher priority than theirs, it took their time: honest PDFs waited for this process, and not
 * for work of the relay. Without `chrt` it still has the highest nice value.
 */
spawnSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(process.pid)], { stdio: "ignore" });
setPriority(constants.priority.PRIORITY_LOW);
const { values } = parseArgs({
  options: {
    abuse: { type: "string", default: "" },
    url: { type: "string", multiple: true, default: [] },
    address: { type: "string", default: "" },
    seconds: { type: "string", default: "10" },
  },
});
const end = new AbortController();
void untilSignal().then(() => process.exit(130)); // a signal ends this process, and so does the end of its parent
const abuse = ABUSES.find(({ name }) => name === values.abuse);
if (!abuse) throw new Error(`there is no abuse ${values.abuse}`);
const abuser = createAbuser({ urls: values.url, address: values.address, signal: end.signal });
const running = abuse.run(abuser);
process.stdout.write(`${JSON.stringify({ msg: "begun" })}\n`);
setTimeout(() => end.abort(), Number(values.seconds) * 1000);
// One of the abuse's parallel loops may wait for an answer that never comes, so this process ends two seconds after the
// abuse at the latest.
const late = setTimeout(() => finish(), Number(values.seconds) * 1000 + 2000);
function finish(): void {
  process.stdout.write(`${JSON.stringify({ msg: "ended", seen: abuser.seen })}\n`, () => process.exit(0));
}
await running;
clearTimeout(late);
finish();
