import { describe, expect, it } from "vitest";
import { keepAddresses } from "./addresses.ts";

const PROGRAMS = [
  { source: "packages/pdf/src/child/child.ts", target: "apps/worker/dist/child.mjs", traced: false },
  { source: "apps/edge/src/main.ts", target: "apps/edge/dist/edge.mjs", traced: true },
];
const keep = (code: string, source = "packages/pdf/src/children/start.ts"): string =>
  keepAddresses(code, { source, target: "apps/worker/dist/worker.mjs", programs: PROGRAMS });
/** Returns the value of an expression, evaluated as in a bundle whose project is in the folder /app. */
const valueOf = (code: string): unknown => {
  const text = code.replaceAll("import.meta.url", '"file:///app/apps/worker/dist/worker.mjs"');
  // oxlint-disable-next-line typescript/no-implied-eval -- generated code has to run as code
  return new Function("URL", `return ${text};`)(URL);
};

describe("in a bundle", () => {
  it.each([
    ["import.meta.url", "file:///app/packages/pdf/src/children/start.ts"],
    ["import.meta.filename", "/app/packages/pdf/src/children/start.ts"],
    ["import.meta.dirname", "/app/packages/pdf/src/children"],
  ])("%s is that of the source", (code, address) => {
    expect(valueOf(keep(code))).toBe(address);
  });

  it("a program that is started is the built one, and in another app, too", () => {
    expect(valueOf(keep('join(import.meta.dirname, "../child/child.ts")'))).toBe("/app/apps/worker/dist/child.mjs");
    const url = valueOf(keep('new URL("./main.ts", import.meta.url)', "apps/edge/src/start.ts")) as URL;
    expect(url.href).toBe("file:///app/apps/edge/dist/edge.mjs");
  });

  it("a source that would be started although it was not built fails the build", () => {
    expect(() => keep('new URL("./other.ts", import.meta.url)')).toThrow(
      "packages/pdf/src/children/start.ts starts packages/pdf/src/children/other.ts, which is no program of its own",
    );
  });

  it("other code stays as it is", () => {
    const code = 'const join = new URL(path, "http://host"); join("import.meta", "a.ts");';
    expect(keep(code)).toBe(code);
  });
});
