import { connect, memoryStorage } from "@docrelay/client";
import { freePort, spawnNode, startProxy, startRedis } from "@docrelay/testkit";
import { join } from "node:path";

/**
 * Measures how the SDK copes with slow and dead connections to a real edge, through a proxy that limits the bandwidth.
 * The script checks nothing. To run it:
 * node --conditions=@docrelay/source apps/edge/test/slow-lines.ts [bytes per second …]
 */
const FILE_BYTES = 400_000;
const rates = process.argv.slice(2).map(Number);
if (rates.length === 0) rates.push(8000, 16_000, 32_000, 1_000_000);

await using stack = new AsyncDisposableStack();
const redis = stack.use(await startRedis());
const port = await freePort();
const edge = spawnNode(join(import.meta.dirname, "../src/main.ts"), {
  env: { REDIS_URL: redis.url, AUTH_MODE: "anonymous", PORT: String(port), MAX_FILE_BYTES: "10000000" },
});
stack.defer(async () => void (await edge.stop()));
await edge.waitFor(/listening/);

const file = { name: "a.pdf", bytes: new Uint8Array(FILE_BYTES).fill(65) };
file.bytes.set(Buffer.from("%PDF-1.7\n"));
const seconds = (ms: number): string => (ms / 1000).toFixed(1);

for (const rate of rates) {
  await using line = await startProxy({ port });
  const states: string[] = [];
  const relay = connect({
    url: `http://127.0.0.1:${line.port}`,
    storage: memoryStorage(),
    onState: (state) => states.push(state),
  });
  await relay.conversation().ask("first").accepted;
  line.bandwidth(rate);
  const before = line.bytesUp;
  const at = performance.now();
  await relay.upload({ ...file });
  const tookMs = performance.now() - at;
  const idealMs = (FILE_BYTES / rate) * 1000;
  const wire = (line.bytesUp - before) / FILE_BYTES;
  console.log(
    `${rate} B/s: ${seconds(tookMs)} s, ideal ${seconds(idealMs)} s (× ${(tookMs / idealMs).toFixed(2)}), ` +
      `× ${wire.toFixed(3)} of its bytes, ${states.join(" ")}`,
  );
  line.bandwidth(0);
  line.silence();
  const asked = performance.now();
  await relay.conversation().ask("second").accepted;
  console.log(`  a question on the line gone silent: acknowledged after ${seconds(performance.now() - asked)} s`);
  relay.close();
}
