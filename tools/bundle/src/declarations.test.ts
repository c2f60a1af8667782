import { describe, expect, it } from "vitest";
import { rollUp } from "./declarations.ts";

const rolled = (files: Record<string, string>, dependencies: string[] = []): string =>
  rollUp(new Map(Object.entries(files)), dependencies);

describe("the declarations of a package become one file", () => {
  it("with what index exports and all that this mentions, comments included, and nothing else", () => {
    const text = rolled({
      "index.d.ts": 'export { make, type Shown } from "./make.ts";\n',
      "make.d.ts": [
        'import type { Hidden } from "./hidden.ts";',
        "/** Shown. */",
        "export type Shown = {",
        '    readonly kind: "Unused";',
        "}",
        "/** Of the first kind. */",
        " | {",
        "    readonly text: Hidden<typeof TABLE>;",
        "};",
        "declare const TABLE: {",
        "    readonly a: 1;",
        "};",
        "/** Makes. */",
        "export declare function make(Unused: string): Shown;",
        "export declare function other(): Unused;",
        "export {};",
      ].join("\n"),
      "hidden.d.ts": "export interface Hidden<T> {\n    readonly of: T;\n}\nexport interface Unused {\n}\n",
    });
    expect(text).toBe(
      [
        "interface Hidden<T> {\n    readonly of: T;\n}",
        '/** Shown. */\ntype Shown = {\n    readonly kind: "Unused";\n}\n/** Of the first kind. */\n | {\n    readonly text: Hidden<typeof TABLE>;\n};',
        "declare const TABLE: {\n    readonly a: 1;\n};",
        "/** Makes. */\ndeclare function make(Unused: string): Shown;",
        "export { type Shown, make };\n",
      ].join("\n"),
    );
  });

  it("with imports of the packages that users have", () => {
    const files = {
      "index.d.ts": 'export { type Shown } from "./shown.ts";\n',
      "shown.d.ts": 'import { type Far, type Unused } from "far";\nexport type Shown = Far[];\n',
    };
    expect(rolled(files, ["far"])).toBe(
      'import type { Far } from "far";\ntype Shown = Far[];\nexport { type Shown };\n',
    );
    expect(() => rolled(files)).toThrow("a public type names Far of far");
  });

  it.each([
    [
      "two declarations of one name",
      { "a.d.ts": "export type A = 1;\n", "b.d.ts": "export type A = 2;\n" },
      "both declare A",
    ],
    ["a name that no file declares", {}, "index exports A"],
    ["a form that is not known", { "a.d.ts": "export default class A {\n}\n" }, "cannot join"],
    [
      "another name for an import",
      { "a.d.ts": 'import { B as A } from "./b.ts";\nexport type A = B;\n' },
      "cannot join",
    ],
  ])("or the build fails: %s", (_, files, message) => {
    expect(() => rolled({ "index.d.ts": 'export { type A } from "./a.ts";\n', ...files })).toThrow(message);
  });
});
