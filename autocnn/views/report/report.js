// Draws plotly's figures in the page's colors, light or dark; opens all for the printer.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const plots = [...document.querySelectorAll(".plot")];

  function colors(layout) {
    const style = getComputedStyle(document.body);
    const of = (name) => style.getPropertyValue(name).trim();
    const found = {
      "font.color": of("--muted"), "font.family": style.fontFamily, "font.size": 12,
      "hoverlabel.bgcolor": of("--raised"), "hoverlabel.font.color": of("--ink"),
    };
    for (const axis of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(axis)) {
        found[`${axis}.gridcolor`] = of("--grid");
        found[`${axis}.linecolor`] = of("--muted");
        found[`${axis}.zerolinecolor`] = of("--grid");
      }
    }
    (layout.annotations || []).forEach((each, place) => {
      found[`annotations[${place}].font.color`] = of("--muted");
    });
    return found;
  }

  for (const plot of plots) {
    const { data, layout } = JSON.parse(plot.firstElementChild.textContent);
    const options = { displaylogo: false, responsive: true, displayModeBar: false };
    Plotly.newPlot(plot, data, layout, options).then(() =>
      Plotly.relayout(plot, colors(layout)));
  }
  dark.addEventListener("change", () => {
    for (const plot of plots) Plotly.relayout(plot, colors(plot.layout));
  });
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  });
})();
