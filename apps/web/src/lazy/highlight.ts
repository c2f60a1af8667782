import { common, createLowlight } from "lowlight";

/** A part of highlighted code: a text, or an element with class names that contains more parts. */
export type CodePiece = string | { readonly classes: readonly string[]; readonly pieces: readonly CodePiece[] };

const lowlight = createLowlight(common);
type Nodes = ReturnType<typeof lowlight.highlight>["children"];

/**
 * Returns code in parts, with the class names that the highlighter gives to them. `language` is any usual name of the
 * code's language. Returns undefined if the language is unknown.
 */
export function highlight(code: string, language: string): readonly CodePiece[] | undefined {
  return lowlight.registered(language) ? piecesOf(lowlight.highlight(language, code).children) : undefined;
}

function piecesOf(nodes: Nodes): CodePiece[] {
  return nodes.flatMap((node): CodePiece[] => {
    if (node.type === "text") return [node.value];
    if (node.type !== "element") return [];
    const classes = node.properties["className"];
    return [{ classes: Array.isArray(classes) ? classes.map(String) : [], pieces: piecesOf(node.children) }];
  });
}
