/* A process that takes one job and never ends it: to be killed. */
import { Redis } from "ioredis";
import { consumeWakes } from "../src/index.ts";

const [url = "", prefix = ""] = process.argv.slice(2);
const consumer = consumeWakes({
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
