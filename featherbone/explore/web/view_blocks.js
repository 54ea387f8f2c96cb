// Formulas that move: two blocks side by side, and all of them against one product.

const CHANNELS = [8, 16, 24, 32, 48, 64, 96, 120, 128, 144, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640, 768, 960, 1024];
const SIDES = [4, 7, 8, 14, 16, 28, 32, 56, 112, 224];
const OWN = {
  K: ["K, kernel's side", [3, 5, 7, 9]],
  S: ["S, the first filter's side", [3, 5, 7]],
  t: ["t, reduction or expansion", [1, 2, 3, 4, 6, 8, 16]],
  G: ["G, groups", [1, 2, 3, 4, 8, 16, 32]],
  p: ["p, share of large kernels", [0, 0.25, 0.5, 0.75, 1]],
};
const FIRST = { a: "shuffle_unit", b: "standard" };

const sharedLetters = () => ({ M: +value("M", 240), N: +value("N", 240), I: +value("I", 28), K: +value("K", 3) });

const lettersOf = (side, block) => {
  const letters = sharedLetters();
  for (const letter of block.letters) {
    if (letter in letters) continue;
    letters[letter] = +value(`${side}${letter}`, block.defaults[letter]);
    if (letters[letter] < block.least[letter]) letters[letter] = block.defaults[letter];
  }
  return letters;
};

const withNumbers = (text, letters) => text.replace(/[MNIKSGtp]/g, (letter) => exact(letters[letter]));
const asFormula = (text) => text.split(/([MNIKSGtp])/).map((part) => (/^[MNIKSGtp]$/.test(part) ? h("var", {}, part) : part));

const blocksView = () => {
  fill("blocks-shared",
    slider("M", "M, channels in", CHANNELS, 240), slider("N", "N, channels out", CHANNELS, 240),
    slider("K", OWN.K[0], OWN.K[1], 3), slider("I", "I, side of the map", SIDES, 28));
  ["a", "b"].forEach((side) => {
    fill(`block-${side}-choice`, choice(side, side === "a" ? "Block" : "Beside it",
      [["", Object.keys(BLOCKS).map((name) => [name, name.replaceAll("_", " ")])]], FIRST[side]));
  });
  return () => { ["a", "b"].forEach(drawBlock); drawAllBlocks(); };
};

const held = {}; // the block whose own sliders a panel has now

const drawBlock = (side) => {
  const name = value(side, FIRST[side]) in BLOCKS ? value(side, FIRST[side]) : FIRST[side];
  const block = BLOCKS[name];
  if (held[side] !== name) {
    held[side] = name;
    const own = block.letters.filter((letter) => !"MNIK".includes(letter));
    fill(`block-${side}-own`, own.map((letter) => slider(`${side}${letter}`, OWN[letter][0],
      OWN[letter][1].filter((each) => each >= block.least[letter]), block.defaults[letter])));
  }
  const asked = lettersOf(side, block);
  const letters = buildable(block, asked);
  const cost = blockCost(block, letters);
  const moved = ["M", "N"].filter((letter) => letters[letter] !== asked[letter]);
  const layers = cost.form.nodes.map((node, place) => ({ node, macs: cost.rows[place][2] })).filter(({ macs }) => macs);
  fill(`block-${side}`,
    h("p", { class: "hint" }, `${block.summary.replaceAll("``", "")} ${block.paper}.`),
    moved.length ? h("p", { class: "notice" }, `Here ${moved.map((letter) => `${letter} = ${letters[letter]}`).join(" and ")}: ${block.keeps ? "this block writes as many channels as it reads" : "with these groups and ratios, only such channels divide"}.`) : "",
    h("p", { class: "formula", "aria-label": "multiply-adds for each position" }, asFormula(cost.form.text)),
    h("p", { class: "formula numbers" }, `= ${withNumbers(cost.form.text, letters)} = ${exact(cost.macs / letters.I ** 2)} for each of ${letters.I}×${letters.I} positions`),
    h("dl", { class: "tiles small" },
      tile("multiply-adds", number("macs", cost.macs, counted), `${percent(cost.ratio)} of a standard convolution`),
      tile("parameters", number("params", cost.params, counted), "with norms and biases"),
      tile("activations", number("activations", cost.activations, counted), "that its layers write"),
      tile("peak memory", number("peak_memory", cost.memory.peak, weighed), "of its maps, float32")),
    h("h4", {}, "Each factor beside K·K·M·N·I·I"),
    h("ul", { class: "factors" }, factor("standard convolution", "K²·M·N", 1, "var(--bar)"),
      layers.map(({ node, macs }) => factor(wordsWith(node.words, letters), node.text, macs / cost.standard, colourOf(node.kind, node.words)))),
    blockPicture(cost.form, cost.rows, letters, `${name}: its operators from the input down, as wide as their channels`));
  const panel = find(`block-${side}`);
  panel.dataset.letters = JSON.stringify(letters);
  panel.dataset.block = name;
};

const tile = (label, strong, note) => h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, strong, " ", h("span", {}, note)));

const factor = (words, text, share, colour) => h("li", {},
  h("span", { class: "what" }, words, " ", h("span", { class: "formula" }, asFormula(text))),
  h("span", { class: "rail" }, h("i", { style: `width:${Math.min(100, 100 * share)}%;background:${colour}` })),
  h("span", { class: "n" }, percent(share)));

const drawAllBlocks = () => {
  const rows = Object.entries(BLOCKS).map(([name, block]) => {
    const asked = lettersOf(value("a", FIRST.a) === name ? "a" : value("b", FIRST.b) === name ? "b" : "other-", block);
    const letters = buildable(block, asked);
    return { name, asked, letters, cost: blockCost(block, letters), text: caseOf(block, letters).text };
  }).sort((one, other) => one.cost.ratio - other.cost.ratio);
  const most = Math.max(1, ...rows.map(({ cost }) => cost.ratio));
  const chosen = [value("a", FIRST.a), value("b", FIRST.b)];
  fill("all-blocks", h("ol", { class: "factors all" }, rows.map(({ name, asked, letters, cost, text }) => h("li", { class: chosen.includes(name) ? "chosen" : "" },
    h("button", { type: "button", class: "what", onclick: () => set({ a: name }) }, name.replaceAll("_", " "), " ", h("span", { class: "formula" }, asFormula(text))),
    h("span", { class: "rail" }, h("i", { style: `width:${100 * cost.ratio / most}%` })),
    h("span", { class: "n" }, percent(cost.ratio), letters.M !== asked.M || letters.N !== asked.N ? h("small", {}, ` at ${letters.M}→${letters.N}`) : "")))));
};
