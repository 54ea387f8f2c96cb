// Draws each figure in the page's own colours, and again when the scheme changes or the page is printed.
(() => {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");

  // "var(--ink)" → the colour that the style sheet gives it now; Plotly knows no custom properties.
  const coloured = (value, style) => {
    if (typeof value === "string") {
      const name = /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => coloured(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  };

  const figures = [...document.querySelectorAll("script[data-plot]")].map((source) => ({
    place: document.getElementById(source.dataset.plot),
    figure: JSON.parse(source.textContent),
    chosen: 0,
  }));

  // What the pressed button changes is put into the figure, so that a figure that is drawn again stays as chosen.
  const chosenOf = ({ figure, chosen }) => {
    const { data, layout, choices = [] } = structuredClone(figure);
    const choice = choices[chosen];
    if (!choice) return { data, layout };
    for (const [key, values] of Object.entries(choice.data)) {
      data.forEach((trace, place) => { trace[key] = values[values.length === 1 ? 0 : place]; });
    }
    for (const [path, value] of Object.entries(choice.layout)) {
      const steps = path.split(".");
      const last = steps.pop();
      steps.reduce((inner, step) => inner[step], layout)[last] = value;
    }
    return { data, layout };
  };

  const drawOne = (each) => {
    const { data, layout } = coloured(chosenOf(each), getComputedStyle(document.documentElement));
    Plotly.react(each.place, data, layout, { responsive: true, displayModeBar: false });
    makeScalable(each.place);
  };

  // With its own size as the view, a figure can be scaled by the style sheet: on paper, which no script sees coming.
  const makeScalable = (place) => {
    const { width, height } = place._fullLayout;
    place.style.setProperty("--ratio", `${width} / ${height}`);
    place.querySelectorAll(".main-svg").forEach((svg) => svg.setAttribute("viewBox", `0 0 ${width} ${height}`));
  };

  const addButtons = (each) => {
    const { choices = [] } = each.figure;
    if (!choices.length) return;
    const row = document.createElement("div");
    row.className = "choices";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", "what the figure shows");
    choices.forEach((choice, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = choice.label;
      button.setAttribute("aria-pressed", String(place === each.chosen));
      button.addEventListener("click", () => {
        each.chosen = place;
        [...row.children].forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        drawOne(each);
      });
      row.append(button);
    });
    each.place.before(row);
  };

  const draw = () => figures.forEach(drawOne);

  figures.forEach(addButtons);
  draw();
  figures.forEach(({ place }) => place.on("plotly_relayout", () => makeScalable(place)));
  scheme.addEventListener("change", draw);
  print.addEventListener("change", draw);

  // A figure that follows a new width keeps the margins of the old one, and its legend may stand in the plot.
  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 200);
  });
})();
