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
  // Russian in Windows-1251, Greek in ISO 8859-7 and French in Latin-1, each taken for TIS-620.
  expect(isThai(decoded("Âñå ëþäè ðîæäàþòñÿ ñâîáîäíûìè è ðàâíûìè â ñâîåì äîñòîèíñòâå"))).toBe(false);
  expect(isThai(decoded("¼ëïé ïé Üíèñùðïé ãåííéïýíôáé åëåýèåñïé êáé ßóïé"))).toBe(false);
  expect(isThai(decoded("Tous les êtres humains naissent libres et égaux en dignité; ils sont doués où çà là"))).toBe(
    false,
  );
});
