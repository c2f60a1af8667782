export { schema } from "./config.ts";
export { startDemoEngine, type DemoEngine } from "./server.ts";
