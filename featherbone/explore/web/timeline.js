// What grows or stays along a network: memory, and how far an element sees.

const steps = (values, { title, words, show, marked, limit }) => {
  const box = { width: 720, height: 240, left: 74, bottom: 34, top: 22 };
  const most = Math.max(...values.map(({ value: each }) => each), limit ?? 0);
  const x = axisOf(0, values.length, box.left, box.width - 10);
  const y = axisOf(0, most, box.height - box.bottom, box.top + 8, { binary: show === weighed });
  const bars = values.map(({ name, value: each }, place) => s("rect", {
    x: x.at(place), width: Math.max(0.6, x.at(place + 1) - x.at(place) - 0.4), y: y.at(each), height: y.at(0) - y.at(each),
    class: place === marked ? "bar most" : "bar",
  }, s("title", {}, `${name}: ${show(each)}`)));
  const line = limit ? [s("line", { x1: box.left, x2: box.width - 10, y1: y.at(limit), y2: y.at(limit), class: "limit" }, s("title", {}, `limit ${show(limit)}`))] : [];
  return s("svg", { viewBox: `0 0 ${box.width} ${box.height}`, role: "img", "aria-label": title, class: "chart" },
    frame(box, { axis: x, show: exact, words: "operator, from the input on" }, { axis: y, show, words }), bars, line);
};
