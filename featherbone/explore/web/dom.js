// Elements, and numbers as people read them.

const make = (space) => (tag, attributes = {}, ...children) => {
  const node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};
const h = make("");
const s = make("http://www.w3.org/2000/svg");
const find = (id) => document.getElementById(id);
const fill = (id, ...children) => find(id).replaceChildren(...children.flat(Infinity).filter(Boolean));

const exact = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 3 });

const scaled = (value, units, least) => {
  const found = units.find(([, size]) => Math.abs(value) >= size * least);
  if (!found) return null;
  return `${(value / found[1]).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${found[0]}`;
};
const counted = (value) => scaled(value, [["G", 1e9], ["M", 1e6], ["k", 1e3]], 0.99995) ?? exact(value);
const weighed = (value) => scaled(value, [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]], 1) ?? `${exact(value)} B`;
const percent = (share) => (share > 0 && share < 0.00005 ? "< 0.01 %" : `${(100 * share).toLocaleString("en-US", { maximumFractionDigits: share < 0.01 ? 2 : 1 })} %`);
const signed = (value, show) => `${value < 0 ? "−" : "+"}${show(Math.abs(value))}`;

// A number that a test, or a person who hovers, reads in full.
const number = (name, value, show) => h("strong", { "data-cost": name, "data-value": value, title: exact(value) }, show(value));

const table = (caption, headings, rows) => h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
  h("table", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, headings.map((each) => h("th", { scope: "col", class: each.n ? "n" : "" }, each.text ?? each)))),
    h("tbody", {}, rows)));
