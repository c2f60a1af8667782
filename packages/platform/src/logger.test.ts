import { describe, expect, it } from "vitest";
import { collect } from "../test/collect.ts";
import { createLogger } from "./logger.ts";

describe("the logger", () => {
  it("writes JSON lines with fixed fields", () => {
    const { destination, lines } = collect();
    createLogger({ level: "info", name: "edge", node: "e1", destination }).info({ askId: "a" }, "accepted");
    expect(lines()).toEqual([
      {
        level: "info",
        time: expect.any(Number),
        app: "edge",
        pid: process.pid,
        node: "e1",
        askId: "a",
        msg: "accepted",
      },
    ]);
  });

  it("keeps quiet below its level", () => {
    const { destination, text } = collect();
    const log = createLogger({ level: "warn", name: "edge", destination });
    log.info("no");
    log.warn("yes");
    expect(text()).not.toContain('"no"');
    expect(text()).toContain('"yes"');
  });

  it.each(["token", "password", "secret", "authorization", "cookie"])(
    "cuts %s out, at the top and one below",
    (name) => {
      const { destination, text } = collect();
      const log = createLogger({ level: "info", name: "edge", destination });
      log.info({ [name]: "hunter2", kept: "this" }, "top");
      log.info({ request: { [name]: "hunter2", kept: "this" } }, "below");
      log.child({ [name]: "hunter2" }).info({ kept: "this" }, "child");
      expect(text()).not.toContain("hunter2");
      expect(text().match(/this/g)).toHaveLength(3);
    },
  );

  it("keeps the address of a failed connection, but not the password in it", () => {
    const { destination, text } = collect();
    const log = createLogger({ level: "info", name: "edge", destination });
    const error = new Error("connect redis://user:hunter2@redis.example:6379 failed");
    log.error({ err: error }, "redis");
    expect(text()).toContain("redis.example");
    expect(text()).not.toContain("hunter2");
  });
});
