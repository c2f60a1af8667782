import { common, createLowlight } from "lowlight";

/** A piece of highlighted code: text, or pieces with class names. */
export type CodePiece = string | { readonly classes: readonly string[]; readonly pieces: readonly CodePiece[] };

const lowlight = createLowlight(common);
type Nodes = ReturnType<typeof lowlight.highlight>["children"];

/**
 * Returns code in a language as pieces. `language` may be any usual name of the language; undefined when it is
 * unknown.
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
