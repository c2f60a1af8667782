/* A process that takes one job and runs it until the process is killed. */
import { Redis } from "ioredis";
import { consumeExtracts } from "../src/index.ts";

const [url = "", prefix = ""] = process.argv.slice(2);
const consumer = consumeExtracts({
  connection: new Redis(url, { maxRetriesPerRequest: null }),
  prefix,
  concurrency: 1,
  onError: (error) => console.error(error.message),
  handle() {
    console.log("running");
    return new Promise(() => undefined);
  },
});
await consumer.ready();
console.log("ready");
