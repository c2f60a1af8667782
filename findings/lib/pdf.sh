# Scripts source this file after common.sh. It writes pdf.mjs, which makes a PDF of one page from its content and the
# objects of its fonts.
cat >pdf.mjs <<'JS'
/**
 * Returns the bytes of a PDF of one page. `objects` get the numbers 5, 6 …, `fonts` is the font dictionary, which
 * refers to these numbers, `catalog` and `page` are further entries of the catalog and of the page.
 */
export function pdf({ content, fonts, objects, catalog = "", page = "" }) {
  const all = [
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << ${fonts} >> >> ${page} >>`,
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    ...objects,
  ];
  let text = "%PDF-1.7\n";
  const places = all.map((object, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const table = `xref\n0 ${all.length + 1}\n0000000000 65535 f \n${places.join("")}`;
  const trailer = `trailer\n<< /Size ${all.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(text + table + trailer, "latin1"));
}
JS
