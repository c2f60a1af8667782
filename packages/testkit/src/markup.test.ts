import { describe, expect, it } from "vitest";
import { markup } from "./markup.ts";

describe("markup", () => {
  it("escapes strings, in texts and attributes", () => {
    const name = `<a href="x">'&`;
    expect(String(markup`<p title="${name}">${name}</p>`)).toBe(
      `<p title="&#60;a href=&#34;x&#34;&#62;&#39;&#38;">&#60;a href=&#34;x&#34;&#62;&#39;&#38;</p>`,
    );
  });

  it("lets markup and lists of it stand", () => {
    const cells = ["<", "1"].map((cell) => markup`<td>${cell}</td>`);
    expect(String(markup`<tr>${cells}</tr>${markup`<br>`}${[]}${0}`)).toBe("<tr><td>&#60;</td><td>1</td></tr><br>0");
  });

  it("takes no other object for markup", () => {
    const fake = JSON.parse(`{"text":"<script>"}`) as never;
    expect(() => markup`${fake}`).toThrow(TypeError);
  });
});
