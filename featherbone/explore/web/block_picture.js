// A block drawn: a bar for each operator, as wide as its channels, cut where groups keep them apart.

const QUIET = new Set(["batch_norm", "activation", "dropout", "flatten"]);
const COLOURS = { depthwise: "var(--chip-depthwise)", pointwise: "var(--chip-pointwise)", conv: "var(--chip-conv)", linear: "var(--chip-linear)" };
const colourOf = (kind, words) => COLOURS[words.split(" ")[0]] ?? COLOURS[kind] ?? "var(--chip-other)";

// "conv g=G K×K" with numbers for the letters.
const wordsWith = (words, letters) => words.replace(/\b[MNIKSGtp]\b/g, (letter) => letters[letter] ?? letter);

const ROW = 58, BAR = 24, ROOM = 420;

const blockPicture = (form, rows, letters, title) => {
  const drawn = new Map(); // place → { rank, place, reads }
  const shown = (place) => (drawn.has(place) ? place : shown(form.nodes[place].inputs[0]));
  form.nodes.forEach((node, place) => {
    if (QUIET.has(node.kind)) return;
    const reads = [...new Set(node.inputs.map(shown))];
    drawn.set(place, { place, reads, rank: Math.max(-1, ...reads.map((each) => drawn.get(each).rank)) + 1 });
  });
  const ranks = [];
  drawn.forEach((each) => (ranks[each.rank] ??= []).push(each));
  const most = Math.max(...ranks.map((group) => group.reduce((sum, { place }) => sum + rows[place][0], 0)));
  const scale = (ROOM - 20 - 14 * Math.max(...ranks.map((group) => group.length - 1))) / most;
  const boxes = new Map();
  ranks.forEach((group, rank) => {
    const widths = group.map(({ place }) => Math.max(4, scale * rows[place][0]));
    let x = (ROOM - widths.reduce((sum, width) => sum + width, 0) - 14 * (group.length - 1)) / 2;
    group.forEach(({ place }, number) => {
      boxes.set(place, { x, width: widths[number], y: 22 + ROW * rank, centre: x + widths[number] / 2 });
      x += widths[number] + 14;
    });
  });
  const wires = [...drawn.values()].flatMap(({ place, reads }) => reads.map((each) => {
    const [from, to] = [boxes.get(each), boxes.get(place)];
    return s("path", { class: "wire", d: `M${from.centre} ${from.y + BAR} C${from.centre} ${to.y - 8} ${to.centre} ${from.y + BAR + 8} ${to.centre} ${to.y}` });
  }));
  const bars = [...drawn.keys()].map((place) => operatorBar(form.nodes[place], rows[place], boxes.get(place), letters));
  return s("svg", { viewBox: `0 0 ${ROOM} ${22 + ROW * ranks.length}`, role: "img", "aria-label": title, class: "picture" }, wires, bars);
};

const operatorBar = (node, [channels, , macs], { x, y, width, centre }, letters) => {
  const words = wordsWith(node.words, letters);
  const named = node.kind === "input" ? "reads" : words;
  const cuts = node.words.startsWith("depthwise") ? Math.min(channels, Math.floor(width / 4)) : node.words.includes("g=") || node.kind === "channel_shuffle" ? letters.G ?? 1 : 1;
  const lines = Array.from({ length: Math.max(0, cuts - 1) }, (_, place) => {
    const at = x + ((place + 1) * width) / cuts;
    return s("line", { x1: at, x2: at, y1: y, y2: y + BAR, class: "cut" });
  });
  const anchor = Math.min(Math.max(centre, 4 + 3.1 * named.length), ROOM - 4 - 3.1 * (named.length + 8));
  return s("g", {},
    s("title", {}, `${node.name}: ${words}, ${channels} channels, ${exact(macs)} multiply-adds`),
    s("rect", { x, y, width, height: BAR, rx: 3, class: "operator", fill: colourOf(node.kind, node.words) }), lines,
    s("text", { x: anchor, y: y - 5, "text-anchor": "middle" }, `${named} → ${channels}`));
};
