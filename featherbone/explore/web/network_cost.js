// A network at one position of its sliders: sizes from its tables, costs by the printed TEMPLATES, nothing else.

const sizeAt = (size, width, resolution) => {
  if (!Array.isArray(size)) return size;
  const [along, across, base] = size;
  return ((along ? along[width] : 1) * (across ? across[resolution] : 1)) / base;
};

// `bytes` are those of one number of a map: 4 in float32, 1 in int8.
const networkCost = (network, width, resolution, bytes = 4) => {
  const form = network.forms[network.at[width]];
  const sizes = form.sizes.map((size) => sizeAt(size, width, resolution));
  const nodes = form.nodes.map(([name, kind, words, inputs, places, template, field, known]) => {
    const [o, y, x, groups] = places.map((place) => sizes[place]);
    return { name, kind, words, inputs, shape: [o, y, x], groups, template, field, known, costs: [0, 0, 0, 0] };
  });
  for (const node of nodes) {
    if (node.known) node.costs = node.known;
    else if (node.template >= 0) {
      const [a, height, breadth] = nodes[node.inputs[0]].shape;
      const [o, y, x] = node.shape;
      node.costs = TEMPLATES[node.template](a, height, breadth, o, y, x, node.groups);
    }
    [node.macs, node.params, node.activations, node.int8] = node.costs;
    node.bytes = bytes * node.shape[0] * node.shape[1] * node.shape[2];
  }
  const sum = (name) => nodes.reduce((total, node) => total + node[name], 0);
  const memory = liveness(form.storages, nodes.map((node) => node.bytes), nodes.length);
  return {
    nodes, memory,
    macs: sum("macs"), params: sum("params") + (network.unused ?? 0), activations: sum("activations"),
    peak_memory: memory.peak, int8_size: sum("int8") + network.texts[width][resolution],
    latency: network.latency?.[width]?.[resolution] ?? null,
  };
};

// Where a slider stands: the places of width and resolution nearest to what the address asks.
const placesOf = (network, width, resolution) => [
  nearest(network.widths, width === "" ? network.widths[network.width] : width),
  nearest(network.resolutions, resolution === "" ? network.resolutions[network.resolution] : resolution),
];

// The first parts of the names: stages, or blocks.
const scopes = (nodes, depth) => {
  const found = new Map();
  for (const node of nodes) {
    const parts = node.name.split(".");
    const name = parts.slice(0, parts.length > depth ? depth : Math.max(1, parts.length - 1)).join(".");
    if (!found.has(name)) found.set(name, { name, nodes: [], macs: 0, params: 0, activations: 0, int8: 0, bytes: 0 });
    const scope = found.get(name);
    scope.nodes.push(node);
    for (const cost of ["macs", "params", "activations", "int8"]) scope[cost] += node[cost];
  }
  return [...found.values()];
};
