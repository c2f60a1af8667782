import type { MarkedToken, Tokens } from "marked";
import { element } from "../frame/element.ts";
import type { MathToken, Token } from "../parsing/lex.ts";
import { say } from "../words/say.ts";

type Known = MarkedToken | MathToken;

/** The addresses that an answer may link to. */
const LINK = /^(https?:\/\/|mailto:)/i;

/**
 * Turns Markdown tokens into nodes. Every text becomes a text node, and HTML in an answer is shown as text. Nothing
 * is loaded: a picture becomes a link, because its address could send a document's content to a third party.
 */
export function nodesOf(tokens: readonly Token[] | undefined): Node[] {
  return (tokens ?? []).flatMap((token) => nodesOfToken(token as Known));
}

function nodesOfToken(token: Known): Array<Node> {
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "paragraph":
      return [element("p", { dir: "auto" }, ...nodesOf(token.tokens))];
    case "heading": {
      // The headings of an answer get lower levels than the page's own headings, which name the speaker.
      const level = Math.min(6, token.depth + 2) as 3 | 4 | 5 | 6;
      return [element(`h${level}`, { dir: "auto", class: `h${token.depth}` }, ...nodesOf(token.tokens))];
    }
    case "blockquote":
      return [element("blockquote", { dir: "auto" }, ...nodesOf(token.tokens))];
    case "code":
      return [codeBlock(token)];
    case "hr":
      return [element("hr")];
    case "list":
      return [list(token)];
    case "table":
      return [table(token)];
    case "math":
      return [element("span", { class: token.isBlock ? "math block" : "math", "data-tex": token.tex }, token.raw)];
    default:
      return inline(token);
  }
}

function inline(token: Known): Node[] {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return [element(token.type, {}, ...nodesOf(token.tokens))];
    case "codespan":
      return [element("code", {}, token.text)];
    case "br":
      return [element("br")];
    case "link":
      return [link(token.href, nodesOf(token.tokens))];
    case "image":
      return [link(token.href, [new Text(token.text === "" ? token.href : token.text)])];
    case "text":
      return token.tokens ? nodesOf(token.tokens) : [new Text(token.text)];
    case "escape":
      return [new Text(token.text)];
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw.trim()) ? [element("br")] : [new Text(token.raw)];
    default:
      return [new Text(token.raw)];
  }
}

function link(href: string, content: readonly Node[]): Node {
  if (!LINK.test(href)) return element("span", {}, ...content);
  // The title shows the link's real address, because the link's text may name another one.
  return element("a", { href, title: href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...content);
}

function list({ ordered, start, items }: Tokens.List): Node {
  const made = items.map((item) => {
    const box = element("input", { type: "checkbox", disabled: true, checked: item.checked === true });
    if (item.task) box.setAttribute("aria-label", say(item.checked ? "done" : "toDo"));
    const tokens = item.tokens.filter(({ type }) => type !== "checkbox");
    return element("li", { dir: "auto" }, ...(item.task ? [box] : []), ...nodesOf(tokens));
  });
  if (!ordered) return element("ul", { dir: "auto" }, ...made);
  return element("ol", { dir: "auto", ...(start !== 1 && start !== "" && { start }) }, ...made);
}

function table({ header, rows }: Tokens.Table): Node {
  const row = (cells: readonly Tokens.TableCell[], name: "th" | "td"): Node =>
    element(
      "tr",
      {},
      ...cells.map(({ tokens, align }) =>
        element(name, { dir: "auto", ...(align && { class: `to-${align}` }) }, ...nodesOf(tokens)),
      ),
    );
  const body = element("tbody", {}, ...rows.map((cells) => row(cells, "td")));
  // The table can take the focus, so that the keyboard can scroll it.
  return element(
    "div",
    { class: "table", tabindex: 0, role: "region", "aria-label": say("table") },
    element("table", {}, element("thead", {}, row(header, "th")), body),
  );
}

function codeBlock({ text, lang = "" }: Tokens.Code): Node {
  const language = /^[\w+#.-]{1,20}/.exec(lang)?.[0] ?? "";
  return element(
    "figure",
    { class: "code" },
    element(
      "figcaption",
      {},
      element("span", {}, language),
      element("button", { class: "quiet copy-code", type: "button" }, say("copyCode")),
    ),
    element("pre", { tabindex: 0, dir: "ltr" }, element("code", { "data-language": language }, text)),
  );
}
