import type { TagSource } from "./tag-calls.ts";
import { rotatedBox, type Rotation } from "../text/rotation.ts";
import type { Tag, TaggedRun, Tags } from "./tags.ts";

const TEXT = 1;
/** A page whose structure tree is deeper, or whose elements have more children in all, counts as untagged. */
const MAX_DEPTH = 60;
const MAX_CHILDREN = 5_000;
/**
 * After so many pages with more children, the tags of no further page are read: PDFium looks at all children of an
 * element for each page that has one of them, so each page of such a file would take long.
 */
const MAX_LARGE_PAGES = 3;
/** The tags of a page with more objects are not read. */
const MAX_OBJECTS = 20_000;
/** A cell with more rows or columns than this counts as one of a single row and column. */
const MAX_SPAN = 100;
/** Stands for a child of a row that has nothing on this page: PDFium does not return empty cells. */
const EMPTY = -1;
/** The most bytes of the name of an element's kind; a longer name is ignored. */
const NAME_BYTES = 128;

/** Reads the tags of a page. `rotation`: the direction of its text. Undefined if the page has no tags, or too many. */
export type ReadTags = (page: number, rotation: Rotation) => Tags | undefined;

export function createTagReader(pdfium: TagSource, document: number): ReadTags {
  const { call } = pdfium;
  const isTagged = call.FPDFCatalog_IsTagged(document) === 1;
  let largePages = 0;
  return (page, rotation) => {
    if (!isTagged || largePages >= MAX_LARGE_PAGES || call.FPDFPage_CountObjects(page) > MAX_OBJECTS) return undefined;
    const tree = call.FPDF_StructTree_GetForPage(page);
    if (tree === 0) return undefined;
    try {
      const found = elementsOf(pdfium, tree);
      if (found === "large") largePages++;
      if (found === "large" || found.ofContent.size === 0) return undefined;
      return { elements: found.elements, runs: runsOf(pdfium, page, { rotation, ofContent: found.ofContent }) };
    } finally {
      call.FPDF_StructTree_Close(tree);
    }
  };
}

/**
 * The elements of a tree, in their order. `ofContent`: for the number of each marked part of the page's content, the
 * index of its element. `large`: the tree exceeds a bound.
 */
function elementsOf(
  pdfium: TagSource,
  tree: number,
): { elements: Tag[]; ofContent: ReadonlyMap<number, number> } | "large" {
  const { call } = pdfium;
  const elements: Tag[] = [];
  const ofContent = new Map<number, number>();
  const seen = new Set<number>();
  const attributes = attributesOf(pdfium);
  // The last entry is the next one. An own stack, because the tree may be deep.
  const open: Array<{ element: number; parent: number | undefined; depth: number }> = [];
  const push = (children: readonly number[], parent: number | undefined, depth: number): void => {
    for (const element of children.toReversed()) if (element !== 0) open.push({ element, parent, depth });
  };
  let children = call.FPDF_StructTree_CountChildren(tree);
  try {
    if (children > MAX_CHILDREN) return "large";
    const top = Array.from({ length: Math.max(0, children) }, (_, at) =>
      call.FPDF_StructTree_GetChildAtIndex(tree, at),
    );
    push(top, undefined, 1);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { element, parent, depth } = next;
      if (element === EMPTY) elements.push({ role: "TD", parent, rowSpan: 1, columnSpan: 1 });
      if (element === EMPTY || seen.has(element)) continue;
      seen.add(element);
      const count = Math.max(0, call.FPDF_StructElement_CountChildren(element));
      children += count;
      if (depth > MAX_DEPTH || children > MAX_CHILDREN) return "large";
      const index = elements.length;
      const { role, ...spans } = attributes.of(element);
      elements.push({ role, ...spans, parent });
      const within: number[] = [];
      for (let at = 0; at < count; at++) {
        const child = call.FPDF_StructElement_GetChildAtIndex(element, at);
        const content = child === 0 ? call.FPDF_StructElement_GetChildMarkedContentID(element, at) : -1;
        if (child !== 0) within.push(child);
        else if (content < 0 && role === "TR") within.push(EMPTY);
        else if (content >= 0 && !ofContent.has(content)) ofContent.set(content, index);
      }
      push(within, index, depth + 1);
    }
  } finally {
    attributes.free();
  }
  return { elements, ofContent };
}

interface Attributes {
  of(element: number): Omit<Tag, "parent">;
  free(): void;
}

function attributesOf({ call, allocate, heap }: TagSource): Attributes {
  const keys = ["RowSpan", "ColSpan"].map((name) => {
    const bytes = Buffer.from(`${name}\0`);
    const at = allocate(bytes.length);
    heap().set(bytes, at);
    return at;
  });
  const at = allocate(NAME_BYTES);
  const view = (size: number): Buffer => Buffer.from(heap().buffer, heap().byteOffset + at, size);
  const roleOf = (element: number): string => {
    const size = call.FPDF_StructElement_GetType(element, at, NAME_BYTES);
    return size > 2 && size <= NAME_BYTES ? view(size - 2).toString("utf16le") : "";
  };
  const spanOf = (element: number, key: number): number => {
    const count = Math.min(call.FPDF_StructElement_GetAttributeCount(element), MAX_SPAN);
    for (let index = 0; index < count; index++) {
      const attribute = call.FPDF_StructElement_GetAttributeAtIndex(element, index);
      const value = attribute === 0 ? 0 : call.FPDF_StructElement_Attr_GetValue(attribute, key);
      if (value === 0 || !call.FPDF_StructElement_Attr_GetNumberValue(value, at)) continue;
      const span = view(4).readFloatLE(0);
      return Number.isInteger(span) && span >= 1 && span <= MAX_SPAN ? span : 1;
    }
    return 1;
  };
  return {
    of(element) {
      const role = roleOf(element);
      const [rowSpan, columnSpan] = role === "TD" || role === "TH" ? keys.map((key) => spanOf(element, key)) : [1, 1];
      return { role, rowSpan: rowSpan ?? 1, columnSpan: columnSpan ?? 1 };
    },
    free() {
      for (const each of [...keys, at]) call.free(each);
    },
  };
}

/** The places of the page's text objects that belong to elements. */
function runsOf(
  { call, allocate, heap }: TagSource,
  page: number,
  { rotation, ofContent }: { readonly rotation: Rotation; readonly ofContent: ReadonlyMap<number, number> },
): TaggedRun[] {
  const runs: TaggedRun[] = [];
  const at = allocate(16);
  try {
    const count = call.FPDFPage_CountObjects(page);
    for (let index = 0; index < count; index++) {
      const object = call.FPDFPage_GetObject(page, index);
      if (call.FPDFPageObj_GetType(object) !== TEXT) continue;
      const tag = ofContent.get(call.FPDFPageObj_GetMarkedContentID(object));
      if (tag === undefined || !call.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12)) continue;
      const bytes = heap();
      const [left = 0, bottom = 0, right = 0, top = 0] = new Float32Array(bytes.buffer, bytes.byteOffset + at, 4);
      runs.push({ ...rotatedBox(rotation, { left, bottom, right, top }), tag });
    }
  } finally {
    call.free(at);
  }
  return runs;
}
