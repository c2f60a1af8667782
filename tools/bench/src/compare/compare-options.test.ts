import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCompareOptions, wantsComparison } from "./compare-options.ts";

const ROOT = join(import.meta.dirname, "../../../..");

describe("the options of a comparison", () => {
  it.each([
    [["--relay"], true],
    [["--rows", "asks", "--against", "../a"], true],
    [["--against=../a"], true],
    [["--setting", "LOG_LEVEL=warn"], true],
    [["--rows", "asks", "--save"], false],
  ])("%j asks for one: %s", (args, wanted) => expect(wantsComparison(args)).toBe(wanted));

  it("are bounded by default, and take rows in any order", () => {
    expect(readCompareOptions(["--relay"])).toEqual({
      rows: ["asks", "max", "stream", "upload", "pdfs"],
      rounds: 3,
      relay: true,
      rate: 400,
      streams: 40,
      connections: 64,
      delayMs: 50,
      durationMs: 8000,
      warmupMs: 3000,
    });
    const args = ["--against", ROOT, "--rows", "stream,asks", "--aof", tmpdir(), "--protocol", "socketio"];
    expect(readCompareOptions(args)).toMatchObject({
      rows: ["asks", "stream"],
      against: ROOT,
      aof: tmpdir(),
      protocol: "socketio",
      relay: false,
    });
    const setting = { name: "DATA_KEY", value: "a=b" };
    expect(readCompareOptions(["--setting", "DATA_KEY=a=b"])).toMatchObject({ setting });
  });

  it("name every problem at once", () => {
    const wrong = [
      "--rows",
      "asks,files",
      "--protocol",
      "smoke",
      "--aof",
      "/dev/null",
      "--rounds",
      "0",
      "--rate",
      " ",
      "--setting",
      "x",
    ];
    expect(() => readCompareOptions(["--relay", "--against", tmpdir(), ...wrong])).toThrow(
      [
        "--rows takes a comma list of: asks, max, stream, upload, pdfs",
        "--protocol must be socketio or plain",
        "--setting must be NAME=value",
        "--against: apps/edge/src/main.ts is missing in that folder",
        "--against: apps/worker/src/main.ts is missing in that folder",
        "--against: node_modules is missing in that folder",
        "--aof must be a folder",
        "--rounds must be a number from 1 to 20",
        "--rate must be a number from 1 to 10000",
      ].join("; "),
    );
    expect(() => readCompareOptions(["--relay", "--save"])).toThrow(/--save/);
  });
});
