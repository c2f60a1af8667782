import { describe, expect, it } from "vitest";
import { engine, line, onePage, type OnePage } from "../../test/one-page.ts";
import { pictureOf } from "../ocr/pgm.ts";

const PIXEL = "BI /W 1 /H 1 /CS /G /BPC 8 /L 1 ID \0\nEI";
const picture = (left: number, bottom: number, width: number, height: number): string =>
  `q ${width} 0 0 ${height} ${left} ${bottom} cm ${PIXEL} Q\n`;
const own = line(740, "A page with text of its own, which is no scan.");
/** Small shapes in a row, each of the size of a letter. */
const shapes = (count: number, y: number, apart = 6): string =>
  Array.from({ length: count }, (_, index) => `${72 + apart * index} ${y} 4 8 re f\n`).join("");

/** A page's figures as drawn, in reading order: their sizes in points, and the part of their pixels that is black. */
async function drawnOn(
  page: OnePage,
): Promise<Array<{ size: readonly [width: number, height: number]; black: number }>> {
  const document = await engine.open(onePage(page), undefined);
  const { figures } = await document.read(1, { figures: true });
  const pictures = (await document.drawFigures?.(1)) ?? [];
  await document.close();
  expect(figures).toBe(pictures.length > 0);
  return pictures.map((pgm) => {
    const { width, height, grey } = pictureOf(pgm);
    const size = [Math.round((width * 72) / 300), Math.round((height * 72) / 300)] as const;
    return { size, black: grey.filter((pixel) => pixel < 40).length / grey.length };
  });
}

/** The sizes of a page's figures, in points. All of the figures are black pictures, so no pixel may be of something else. */
async function figuresOn(page: OnePage): Promise<Array<readonly [width: number, height: number]>> {
  const drawn = await drawnOn(page);
  for (const { black } of drawn) expect(black).toBeGreaterThan(0.97);
  return drawn.map(({ size }) => size);
}

describe("the figures of a page", () => {
  it("are its pictures, from top to bottom and from left to right, except icons", async () => {
    const content =
      own +
      picture(250, 300, 90, 60) +
      picture(200, 400, 300, 150) +
      picture(72, 300, 80, 60) +
      picture(72, 500, 10, 10);
    expect(await figuresOn({ content })).toEqual([
      [300, 150],
      [80, 60],
      [90, 60],
    ]);
  });

  it("are one figure if a picture is cut into strips", async () => {
    const strips = [0, 1, 2, 3].map((at) => picture(72, 400 + 25 * at, 200, 25)).join("");
    expect(await figuresOn({ content: own + strips })).toEqual([[200, 100]]);
  });

  it("are found inside of forms, where the form puts them", async () => {
    const form = {
      dictionary: "/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Matrix [1 0 0 1 5 5]",
      content: picture(0, 0, 90, 40),
    };
    const content = `${own} q 2 0 0 2 80 300 cm /X1 Do Q`;
    expect(await figuresOn({ content, objects: [form], resources: "/XObject << /X1 6 0 R >>" })).toEqual([[180, 80]]);
  });

  it.each([300, 303, 307, 311, 315])(
    "are drawings with many shapes of the size of letters, at height %i",
    async (y) => {
      expect(await drawnOn({ content: own + shapes(60, y) })).toMatchObject([{ size: [358, 8] }]);
      expect(await drawnOn({ content: own + shapes(20, y) })).toEqual([]);
      const rows = [0, 1, 2, 3].map((at) => shapes(12, y + 20 * at, 16)).join("");
      expect(await drawnOn({ content: own + rows })).toMatchObject([{ size: [180, 68] }]);
      const scattered = [0, 1, 2].map((at) => shapes(20, y + 60 * at, 22)).join("");
      expect(await drawnOn({ content: own + scattered })).toEqual([]);
    },
  );

  it("are drawn without the letters of the page's text", async () => {
    const label = `1 1 1 rg ${line(310, "known", 100)}`;
    const plain = await drawnOn({ content: picture(72, 300, 300, 200) + own });
    const [drawn] = await drawnOn({ content: picture(72, 300, 300, 200) + own + label });
    // The letters are white in a black picture. Their boxes are painted white, so less of it is black than with letters.
    expect(plain[0]?.black).toBe(1);
    const painted = 1 - (drawn?.black ?? 1);
    expect(painted * 300 * 200).toBeGreaterThan(0.6 * 27 * 8);
  });

  it("are found under a watermark, and after thousands of letters", async () => {
    const watermark = "0.8 g BT /F1 90 Tf 0.8 0.6 -0.6 0.8 110 290 Tm (DRAFT) Tj ET 0 g ";
    expect(await drawnOn({ content: own + picture(72, 300, 300, 200) + watermark })).toMatchObject([
      { size: [300, 200] },
    ]);
    const letters = Array.from(
      { length: 5200 },
      (_, at) => `BT /F1 2 Tf ${72 + (at % 100) * 4} ${700 - Math.floor(at / 100) * 4} Td (x) Tj ET\n`,
    ).join("");
    expect(await figuresOn({ content: letters + picture(72, 200, 300, 200) })).toEqual([[300, 200]]);
  });

  it.each([90, 180, 270])("are upright on a page that is shown turned by %i° and has no text", async (turn) => {
    // The figure is drawn as it is shown: its sides change places with a quarter turn.
    const upright = turn === 180 ? [300, 150] : [150, 300];
    const drawn = await drawnOn({ content: picture(72, 300, 300, 150), page: `/Rotate ${turn}` });
    expect(drawn.map(({ size }) => size)).toEqual([upright]);
  });

  it("end at the page's edge", async () => {
    expect(await figuresOn({ content: own + picture(-100, 200, 300, 100) })).toEqual([[200, 100]]);
  });

  it("are none where text lies over the picture: its words are known", async () => {
    const content =
      picture(60, 690, 480, 70) + own + line(720, "and a second line of text") + line(700, "and a third one");
    expect(await figuresOn({ content })).toEqual([]);
  });

  it("are found on a background that fills the page", async () => {
    const content =
      picture(0, 0, 612, 792) +
      picture(200, 300, 300, 150) +
      Array.from({ length: 12 }, (_, at) =>
        line(740 - 20 * at, "a line of the page's own text on its background"),
      ).join("");
    expect(await figuresOn({ content: content.replaceAll("'", "") })).toEqual([[300, 150]]);
  });

  it("have at most twelve million pixels together, on a poster, too", async () => {
    const content = own + [0, 1, 2, 3].map((at) => picture(100, 1000 * at, 2500, 900)).join("");
    const sizes = await figuresOn({ content, page: "/MediaBox [0 0 4000 4000]" });
    const pixels = sizes.reduce((sum, [width, height]) => sum + ((width * 300) / 72) * ((height * 300) / 72), 0);
    expect(sizes).toHaveLength(4);
    expect(pixels).toBeLessThan(12_100_000);
  });

  it("are upright if the page's text is turned", async () => {
    const turned = "BT /F1 12 Tf 0 1 -1 0 90 100 Tm (A page whose text runs upwards, in one long line.) Tj ET\n";
    expect(await figuresOn({ content: turned + picture(150, 100, 80, 300) })).toEqual([[300, 80]]);
  });
});
