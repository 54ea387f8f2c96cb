// Axes of a chart: round marks, and lines behind what is drawn.

const roundMarks = (low, high, logarithmic, binary) => {
  if (logarithmic) {
    const marks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const times of high / low > 300 ? [1] : [1, 2, 5]) {
        const mark = times * 10 ** power;
        if (mark >= low * 0.999 && mark <= high * 1.001) marks.push(mark);
      }
    }
    return marks;
  }
  const rough = (high - low) / 5 || 1;
  const unit = binary ? 2 ** Math.floor(Math.log2(rough)) : 10 ** Math.floor(Math.log10(rough));
  const step = (binary ? [1, 2] : [1, 2, 5, 10]).find((times) => times * unit >= rough) * unit;
  const marks = [];
  for (let mark = Math.ceil(low / step) * step; mark <= high + step * 1e-9; mark += step) marks.push(mark);
  return marks;
};

// `binary` marks stand at powers of two, as bytes want them.
const axisOf = (low, high, from, to, { logarithmic = false, binary = false } = {}) => {
  const on = (each) => (logarithmic ? Math.log(each) : each);
  const span = on(high) - on(low) || 1;
  const at = (each) => from + ((on(each) - on(low)) / span) * (to - from);
  return { at, marks: roundMarks(low, high, logarithmic, binary) };
};

// The frame of a chart: marks along both sides, and the names of both axes.
const frame = ({ width, height, left, bottom, top = 10, right = 10 }, x, y) => [
  ...y.axis.marks.flatMap((mark) => [
    s("line", { x1: left, x2: width - right, y1: y.axis.at(mark), y2: y.axis.at(mark), class: "grid" }),
    s("text", { x: left - 6, y: y.axis.at(mark) + 4, "text-anchor": "end", class: "faint" }, y.show(mark)),
  ]),
  ...x.axis.marks.flatMap((mark) => [
    s("line", { x1: x.axis.at(mark), x2: x.axis.at(mark), y1: top, y2: height - bottom, class: "grid" }),
    s("text", { x: x.axis.at(mark), y: height - bottom + 16, "text-anchor": "middle", class: "faint" }, x.show(mark)),
  ]),
  s("text", { x: width - right, y: height - 4, "text-anchor": "end" }, x.words),
  s("text", { x: 4, y: top + 2, class: "strong" }, y.words),
];
