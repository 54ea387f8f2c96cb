// A whole network under its sliders: every cost, where it sits, what is in memory, what others published nearby.

const COSTS = [
  ["macs", "multiply-adds", counted, COUNTS, "300M"], ["params", "parameters", counted, COUNTS, "4M"],
  ["activations", "activations", counted, COUNTS, "5M"], ["peak_memory", "peak memory", weighed, BYTES, "2MiB"],
  ["int8_size", "int8 model file, at most", weighed, BYTES, "4MB"],
];
const NOTES = {
  macs: "FLOPs are twice as many", params: "with norms and biases", activations: "that convolutions and linear layers write",
  peak_memory: "of maps that are alive together, float32", int8_size: "int8 weights, scales, biases, texts",
};
const AREAS = [["macs", "multiply-adds"], ["params", "parameters"], ["activations", "activations"]];

const chosenNetwork = (key) => {
  const asked = value(key, DATA.first);
  return asked in NETWORKS ? asked : DATA.first;
};
const limits = () => Object.fromEntries(COSTS.map(([name, , , units]) => [name, limitOf(value(`most_${name}`), units)]));

const networkChoices = () => {
  const groups = new Map();
  for (const [name, { family }] of Object.entries(NETWORKS)) {
    if (!groups.has(family)) groups.set(family, []);
    groups.get(family).push([name, name]);
  }
  return [...groups];
};

// As the shell names it; what is the network's own is left out.
const positionWords = (name, network, width, resolution) => {
  const [along, across] = [network.widths[width], network.resolutions[resolution]];
  const parts = [];
  if (!network.fixed && along !== network.own[0]) parts.push(`width=${along}`);
  if (!network.fixed && across !== network.own[1]) parts.push(`resolution=${across}`);
  return parts.length ? `${name}${name.includes(":") ? "," : ":"}${parts.join(",")}` : name;
};

// Sliders of the network that `key` names; another network has others.
const networkSliders = (key, place) => {
  let shown = "";
  return () => {
    const name = chosenNetwork(key);
    if (shown === name) return;
    shown = name;
    const network = NETWORKS[name];
    const depths = Object.entries(NETWORKS).filter(([, other]) => network.depth !== null && other.group === network.group)
      .sort(([, one], [, other]) => one.depth - other.depth);
    fill(place,
      depths.length > 1 ? slider(key, "depth", depths.map(([each]) => each), name, (each) => String(NETWORKS[each].depth)) : "",
      network.widths.length > 1 ? slider(`${key}_w`, "width multiplier", network.widths, network.widths[network.width]) : "",
      network.resolutions.length > 1 ? slider(`${key}_r`, "resolution", network.resolutions, network.resolutions[network.resolution]) : "");
  };
};

const costTiles = (cost, most) => COSTS.map(([name, label, show]) => {
  const limit = most[name];
  const share = limit ? cost[name] / limit : null;
  return h("div", { class: `tile ${share === null ? "" : share > 1 ? "bad" : "good"}` }, h("dt", {}, label),
    h("dd", {}, number(name, cost[name], show), " ", h("span", {}, limit ? `${percent(share)} of ${show(limit)}${share > 1 ? ": too much" : ""}` : NOTES[name])),
    limit ? h("dd", { class: "meter" }, h("i", { style: `width:${Math.min(100, 100 * share)}%` })) : "");
});

const networkView = () => {
  fill("network-choice", choice("n", "Network", networkChoices(), DATA.first));
  fill("network-limits", COSTS.map(([name, label, , units, example]) => field(`most_${name}`, `at most, ${label}`, units, example)));
  fill("network-area", choice("area", "Areas are", [["", AREAS]], "macs"));
  const sliders = networkSliders("n", "network-sliders");
  return () => { sliders(); drawNetwork(); };
};

const drawNetwork = () => {
  const name = chosenNetwork("n");
  const network = NETWORKS[name];
  const [width, resolution] = placesOf(network, value("n_w"), value("n_r"));
  const cost = networkCost(network, width, resolution);
  const most = limits();
  const spec = positionWords(name, network, width, resolution);
  fill("network-name", h("code", {}, spec), ` ${network.summary}`);
  fill("network-tiles", costTiles(cost, most), latencyTile(cost));
  find("network-tiles").dataset.spec = spec;
  fill("network-command", h("pre", {}, `featherbone cost ${spec.includes(" ") ? `'${spec}'` : spec}`));
  drawAreas(cost);
  drawMemory(cost, most.peak_memory);
  drawFields(cost);
  drawNear(cost, spec);
};

const latencyTile = (cost) => (cost.latency === null ? "" : h("div", { class: "tile" }, h("dt", {}, `latency, predicted`),
  h("dd", {}, number("latency", cost.latency, (each) => `${exact(each)} ms`), " ", h("span", {}, DATA.bench))));

const drawAreas = (cost) => {
  const by = value("area", "macs");
  const words = AREAS.find(([name]) => name === by)[1];
  const stages = scopes(cost.nodes, 1);
  fill("network-areas", treemap(stages.map((stage) => ({
    name: stage.name,
    items: stage.nodes.map((node) => ({ name: node.name, size: node[by], words: node.words, colour: colourOf(node.kind, node.words) })),
  })), `Areas: ${words} of every layer, in stages; the table below has the sums`, counted));
  const share = (stage, each) => [h("td", { class: "n" }, counted(stage[each])), h("td", { class: "bars" }, h("i", { style: `width:${60 * (stage[each] / cost[each] || 0)}%` }), ` ${percent(stage[each] / cost[each] || 0)}`)];
  fill("network-stages", table("Stage by stage", ["stage", "writes", { text: "parameters", n: true }, "share", { text: "multiply-adds", n: true }, "share", { text: "activations", n: true }, "share"],
    stages.filter(({ nodes }) => nodes[0].kind !== "input").map((stage) => h("tr", {}, h("th", { scope: "row" }, stage.name), h("td", {}, stage.nodes.at(-1).shape.join("×")), ...["params", "macs", "activations"].flatMap((each) => share(stage, each))))));
};

const drawMemory = (cost, limit) => {
  const { timeline, peak, step, live } = cost.memory;
  fill("network-memory", steps(timeline.map((each, place) => ({ name: cost.nodes[place].name, value: each })), {
    title: `Memory over time; the peak is at ${cost.nodes[step].name}`, words: "bytes of maps alive", show: weighed, marked: step, limit: limit || null,
  }), h("p", { class: "hint" }, `The peak, ${weighed(peak)} in float32 and ${weighed(peak / 4)} in int8, is where `, h("code", {}, cost.nodes[step].name), " runs. Alive are then ",
    live.flatMap((place, number) => [number ? ", " : "", h("code", {}, cost.nodes[place].name), ` (${cost.nodes[place].shape.join("×")}, ${weighed(cost.nodes[place].bytes)})`]), "."));
};

const drawFields = (cost) => {
  const seeing = cost.nodes.filter(({ field: seen }) => seen.length);
  const side = cost.nodes[0].shape[1];
  const last = seeing.at(-1);
  if (!last) { fill("network-field", h("p", { class: "pending" }, "No window describes what this network sees.")); return; }
  fill("network-field", steps(seeing.map(({ name, field: seen }) => ({ name, value: seen[0] })), {
    title: "Receptive field of each operator", words: "pixels of the image that one element sees", show: exact, limit: side,
  }), h("p", { class: "hint" }, `One element of `, h("code", {}, last.name), ` sees ${exact(last.field[0])} pixels of a side; the line is the image, ${side}. Neighbours there are ${exact(last.field[1])} pixels apart.`));
};

const drawNear = (cost, spec) => {
  const far = (row) => Math.hypot(Math.log(row.macs / cost.macs), Math.log(row.params / cost.params));
  const rows = DATA.zoo.map((row) => ({ ...row, far: row.network === spec ? -1 : far(row) })).sort((one, other) => one.far - other.far).slice(0, 6);
  fill("network-near", table("Published networks with the nearest multiply-adds and parameters", ["network", { text: "top-1", n: true }, { text: "multiply-adds", n: true }, { text: "parameters", n: true }, "published by"],
    rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.network), h("td", { class: "n" }, `${row.top1} %`), h("td", { class: "n" }, `${counted(row.macs)} (${signed(row.macs / cost.macs - 1, percent)})`), h("td", { class: "n" }, `${counted(row.params)} (${signed(row.params / cost.params - 1, percent)})`), h("td", {}, row.source)))));
};
