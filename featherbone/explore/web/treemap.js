// Areas as large as their costs, in rows that are as square as they can be (Bruls, Huizing and van Wijk 2000).

const WORST = (row, side, scale) => {
  const sum = row.reduce((total, each) => total + each.size * scale, 0);
  const most = Math.max(...row.map((each) => each.size)) * scale;
  const least = Math.min(...row.map((each) => each.size)) * scale;
  return Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
};

// Items with a `size` get x, y, width and height inside the rectangle.
const squarified = (items, x, y, width, height) => {
  const left = items.filter((each) => each.size > 0).sort((one, other) => other.size - one.size);
  const placed = [];
  let whole = left.reduce((total, each) => total + each.size, 0);
  while (left.length) {
    const scale = (width * height) / whole;
    const side = Math.min(width, height);
    const row = [left.shift()];
    while (left.length && WORST([...row, left[0]], side, scale) <= WORST(row, side, scale)) row.push(left.shift());
    const sum = row.reduce((total, each) => total + each.size, 0);
    const thick = (sum * scale) / side;
    let along = 0;
    for (const each of row) {
      const long = (each.size / sum) * side;
      placed.push(width >= height
        ? { ...each, x, y: y + along, width: thick, height: long }
        : { ...each, x: x + along, y, width: long, height: thick });
      along += long;
    }
    if (width >= height) [x, width] = [x + thick, width - thick];
    else [y, height] = [y + thick, height - thick];
    whole -= sum;
  }
  return placed;
};

// `groups` are {name, items: [{name, size, words, colour}]}; each group is laid out inside its own area.
const treemap = (groups, title, show) => {
  const [width, height] = [720, 380];
  const outer = squarified(groups.map((group) => ({ ...group, size: group.items.reduce((sum, each) => sum + each.size, 0) })), 0, 0, width, height);
  const whole = outer.reduce((sum, each) => sum + each.size, 0);
  const cells = outer.flatMap((group) => {
    const head = group.height > 34 && group.width > 44 ? 16 : 0;
    const inner = squarified(group.items, group.x + 1, group.y + 1 + head, Math.max(1, group.width - 2), Math.max(1, group.height - 2 - head));
    return [
      s("rect", { x: group.x, y: group.y, width: group.width, height: group.height, class: "area" }),
      head ? s("text", { x: group.x + 5, y: group.y + 13, class: "strong" }, fitted(`${group.name} ${percent(group.size / whole)}`, group.width)) : null,
      ...inner.map((cell) => s("g", {},
        s("title", {}, `${cell.name}: ${cell.words}, ${show(cell.size)}, ${percent(cell.size / whole)}`),
        s("rect", { x: cell.x, y: cell.y, width: cell.width, height: cell.height, class: "operator", fill: cell.colour }),
        cell.height > 15 && cell.width > 50 ? s("text", { x: cell.x + 4, y: cell.y + 12 }, fitted(cell.words, cell.width)) : null)),
    ].filter(Boolean);
  });
  return s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, class: "chart" }, cells);
};

const fitted = (text, width) => (text.length * 6.2 + 8 <= width ? text : `${text.slice(0, Math.max(0, Math.floor((width - 14) / 6.2)))}…`);
