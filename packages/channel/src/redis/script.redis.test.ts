import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { run, scriptOf, type ArgumentKind } from "./script.ts";

const channel = useChannel();

describe("a script's names", () => {
  const body = "return { 'OK', target, first, first + second, table.concat(tails, ',') }";
  const result = async <A extends string>(
    shape: Readonly<Record<A, ArgumentKind>>,
    args: Readonly<Record<A, string | number>>,
    keys: readonly ["target"] | readonly ["other", "target"],
  ) => {
    const made = scriptOf({ keys: keys as readonly string[], args: shape, list: "tails" }, body);
    const input = { keys: { other: "{k}:other", target: "{k}:target" }, args, list: ["x", "y"] };
    return run(channel.store.redis, made, input);
  };
  const expected = ["OK", "{k}:target", "1", 3, "x,y"];

  it("are its keys, its arguments, numbers among them, and its list", async () => {
    expect(await result({ first: "text", second: "number" }, { second: 2, first: "1" }, ["target"])).toEqual(expected);
  });

  it("keep their values when a key and an argument are added in front of others", async () => {
    const shape = { added: "text", first: "text", between: "number", second: "number" } as const;
    const args = { first: "1", second: 2, between: 9, added: "new" };
    expect(await result(shape, args, ["other", "target"])).toEqual(expected);
  });
});
