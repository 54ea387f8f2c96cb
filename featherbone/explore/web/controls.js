// Sliders, choices and fields that read and write the address. Each has a label, and says its value in words.

// `places` are the values that a slider stops at; the address holds the value itself.
const slider = (key, label, places, usual, words = (each) => String(each)) => {
  const said = h("output", {});
  const input = h("input", { type: "range", min: 0, max: places.length - 1, step: 1, id: `in-${key}` });
  const show = () => {
    const held = nearest(places, value(key, usual));
    input.value = held;
    said.textContent = words(places[held]);
    input.setAttribute("aria-valuetext", words(places[held]));
  };
  input.addEventListener("input", () => set({ [key]: places[input.value] }));
  onChange(show, input);
  show();
  return h("label", { class: "slider", for: `in-${key}` }, h("span", {}, label), said, input);
};

const nearest = (places, wanted) => {
  const exactly = places.findIndex((each) => String(each) === String(wanted));
  if (exactly >= 0) return exactly;
  const distances = places.map((each) => Math.abs(Number(each) - Number(wanted)));
  return Math.max(0, distances.indexOf(Math.min(...distances)));
};

// `groups` are [heading, [[value, text], …]] pairs; a heading of "" stands for none.
const choice = (key, label, groups, usual) => {
  const options = groups.map(([heading, entries]) => {
    const made = entries.map(([each, text]) => h("option", { value: each }, text));
    return heading ? h("optgroup", { label: heading }, made) : made;
  });
  const input = h("select", { id: `in-${key}` }, options);
  const show = () => { input.value = value(key, usual); };
  input.addEventListener("change", () => set({ [key]: input.value }));
  onChange(show, input);
  show();
  return h("label", { class: "choice", for: `in-${key}` }, h("span", {}, label), input);
};

const COUNTS = { "": 1, k: 1e3, M: 1e6, G: 1e9 };
const BYTES = { B: 1, KB: 1e3, MB: 1e6, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

// "300M" or "2MiB" as a number, null where nothing is written, NaN where it can't be read.
const limitOf = (text, units) => {
  if (!text.trim()) return null;
  const found = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(text);
  return found && found[2] in units && Number(found[1]) > 0 ? Number(found[1]) * units[found[2]] : NaN;
};

const field = (key, label, units, example) => {
  const note = h("span", { class: "error", id: `no-${key}` });
  const input = h("input", { type: "text", id: `in-${key}`, placeholder: example, "aria-describedby": `no-${key}`, autocomplete: "off" });
  const show = () => {
    if (document.activeElement !== input) input.value = value(key);
    const wrong = Number.isNaN(limitOf(value(key), units));
    input.setAttribute("aria-invalid", wrong);
    note.textContent = wrong ? `no number with ${Object.keys(units).filter(Boolean).join(", ")}, such as ${example}` : "";
  };
  input.addEventListener("input", () => set({ [key]: input.value || null }));
  onChange(show, input);
  show();
  return h("label", { class: "field", for: `in-${key}` }, h("span", {}, label), input, note);
};
