// The search of the site: shows the parts of pages that contain all words of the search field, at most MOST of them.
const MOST = 20;
const field = document.getElementById("search");
const list = document.getElementById("found");
const root = document.querySelector("script[data-root]").dataset.root;
let parts;

async function search() {
  parts ??= await (await fetch(`${root}search.json`)).json();
  // The field is read after `search.json` has arrived, so that letters typed meanwhile count.
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = parts.filter(({ title, text }) =>
    words.every((word) => `${title.toLowerCase()} ${text}`.includes(word)),
  );
  const first = found.toSorted((a, b) => inTitle(b, words) - inTitle(a, words)).slice(0, words.length > 0 ? MOST : 0);
  list.replaceChildren(
    ...first.map(({ at, title }) => {
      const link = Object.assign(document.createElement("a"), { href: root + at, textContent: title });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
}
function inTitle({ title }, words) {
  return words.filter((word) => title.toLowerCase().includes(word)).length;
}
field.hidden = false;
field.addEventListener("input", () => void search());
