import { describe, expect, it } from "vitest";
import { KINDS, readOptions } from "./options.ts";

const problems = (...args: string[]): string[] => {
  const parsed = readOptions(args);
  return parsed.ok ? [] : parsed.problems;
};

describe("a command line", () => {
  it.each(KINDS)("has bounds for everything by default: %s", (kind) => {
    const parsed = readOptions([kind, "--url", "http://a", "--url", "https://b:1"]);
    expect(parsed).toMatchObject({
      ok: true,
      options: { kind, urls: ["http://a", "https://b:1"], protocol: "socketio" },
    });
    for (const value of parsed.ok ? Object.values(parsed.options) : []) {
      if (typeof value === "number") expect(value).toSatisfy(Number.isFinite);
    }
  });

  it("has a user for each ask per second, so that nobody asks faster than an edge lets them", () => {
    expect(readOptions(["asks", "--url", "http://a", "--rate", "7.5"])).toMatchObject({ options: { users: 8 } });
    expect(readOptions(["asks", "--url", "http://a", "--rate", "7", "--users", "3"])).toMatchObject({
      options: { users: 3 },
    });
  });

  it("names every problem at once", () => {
    expect(problems("asks", "--url", "ftp://a", "--rate", "fast", "--duration", "0", "--protocol", "smoke")).toEqual([
      "--url must begin with http:// or https://",
      "--protocol must be socketio or plain",
      "--rate must be a number from 0.1 to 100000",
      "--duration must be a number from 1 to 3600",
    ]);
  });

  it.each([
    [["asks"], /--url is missing/],
    [[], /the kind must be one of/],
    [["dance", "--url", "http://a"], /the kind must be one of/],
    [["asks", "pdfs", "--url", "http://a"], /one kind only/],
    [["asks", "--url", "http://a", "--unknown", "1"], /unknown/],
    [["uploads", "--url", "http://a", "--protocol", "plain"], /plain goes with asks and streams/],
  ])("refuses %j", (args, sentence) => {
    expect(problems(...args).join("\n")).toMatch(sentence);
  });
});
