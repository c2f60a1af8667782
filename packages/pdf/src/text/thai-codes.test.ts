import { expect, it } from "vitest";
import { isThai, thaiLetter } from "./thai-codes.ts";

const decoded = (codes: string): string => [...codes].map((sign) => thaiLetter(sign.charCodeAt(0)) ?? sign).join("");

it("codes of TIS-620 are Thai, with the marks that fonts have at free codes", () => {
  expect(decoded("¤Ó¹Ó LATEX")).toBe("คำนำ LATEX");
  expect(decoded("·Õ\u008bàËÁÒÐÊÁ àª\u00e8¹¡Ñ¹ à»\u009a¹ ¡ÃÒ¿\u0081¡Êì »\u0098\u00adËÒ")).toBe(
    "ที่เหมาะสม เช่นกัน เป็น กราฟิกส์ ปัญหา",
  );
});

it("Thai has its marks at consonants, and letters of other scripts at these codes have not", () => {
  expect(isThai(decoded("ÃÐºº¨Ñ´àÃÕÂ§¾ÔÁ¾ì·ÕàËÁÒÐÊÁ·ÕÊØ´ ÊÓËÃÑºàÍ¡ÊÒÃ·Ò§ÇÔ·ÂÒÈÒÊµÃì"))).toBe(true);
  // Russian in Windows-1251, Greek in ISO 8859-7 and French in Latin-1, whose bytes are all decoded as TIS-620 (Thai).
  expect(isThai(decoded("Âñå ëþäè ðîæäàþòñÿ ñâîáîäíûìè è ðàâíûìè â ñâîåì äîñòîèíñòâå"))).toBe(false);
  expect(isThai(decoded("¼ëïé ïé Üíèñùðïé ãåííéïýíôáé åëåýèåñïé êáé ßóïé"))).toBe(false);
  expect(isThai(decoded("Tous les êtres humains naissent libres et égaux en dignité; ils sont doués où çà là"))).toBe(
    false,
  );
});

/** The bytes of a text in an encoding with two bytes for each letter, as a Latin-1 string. */
function inPairs(text: string, encoding: string): string {
  const decoder = new TextDecoder(encoding);
  const codes = new Map<string, string>();
  for (let first = 0xa1; first < 0xff; first++)
    for (let second = 0x40; second < 0xff; second++)
      codes.set(decoder.decode(Uint8Array.of(first, second)), String.fromCharCode(first, second));
  return Array.from(text, (letter) => codes.get(letter) ?? letter).join("");
}

it.each([
  [
    "euc-kr",
    "대한민국의 국민이 되는 요건은 법률로 정한다. 국가는 법률이 정하는 바에 의하여 재외국민을 보호할 의무를 진다.",
  ],
  [
    "euc-jp",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
  ],
  [
    "big5",
    "人人生而自由,在尊嚴和權利上一律平等。他們賦有理性和良心,並應以兄弟關係的精神相對待。人人有資格享受本宣言所載的一切權利和自由,不分種族、膚色、性別、語言、宗教、政治或其他見解、國籍或社會出身、財產、出生或其他身分等任何區別。並且不得因一人所屬的國家或領土的政治的、行政的或者國際的地位之不同而有所區別,無論該領土是獨立領土、託管領土、非自治領土或者處於其他任何主權受限制的情況之下。人人有權享有生命、自由和人身安全。任何人不得使為奴隸或奴役;一切形式的奴隸制度和奴隸買賣,均應予以禁止。",
  ],
])("text in %s is not Thai, though its second bytes follow what looks like consonants", (encoding, text) => {
  const codes = inPairs(text, encoding);
  expect(codes).toMatch(/[\u00b0-\u00c8][\u0040-\u00fe]/);
  expect(isThai(decoded(codes))).toBe(false);
});
