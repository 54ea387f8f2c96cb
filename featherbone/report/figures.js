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

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    for (const source of document.querySelectorAll("script[data-plot]")) {
      const { data, layout } = coloured(JSON.parse(source.textContent), style);
      Plotly.react(source.dataset.plot, data, layout, { responsive: true, displayModeBar: false });
    }
  };

  draw();
  scheme.addEventListener("change", draw);
  print.addEventListener("change", draw);
})();
