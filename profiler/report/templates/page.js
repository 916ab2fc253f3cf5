"use strict";
// Draws the charts, filters charts and tables, and sorts tables. Text from the data only ever becomes text: by
// textContent here, by Vega's text marks in charts, and by the escaping of Vega's tooltips.
(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const PAGE_LENGTH = 80; // cases of the forest at a time
  const CANVAS_FROM = 1500; // marks: more of them are slow as SVG
  const LATER_FROM = 1000; // cases: with more of them a chart is drawn when it comes into view
  const PANEL_WIDTH = 205;
  const NARROW = 600; // pixels: a phone
  const PANEL_GAP = 20;
  const LETTER = 6.8; // about the width of a letter on an axis

  document.documentElement.classList.add("scripted");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const cases = readCases(page.columns);
  const hidden = Object.fromEntries(page.filters.map((filter) => [filter.key, new Set()]));
  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const views = new Map();
  const slack = new Map(); // pixels that a chart turned out too wide, by name and width
  let shown = cases;
  let forestPage = 0;
  let round = 0;

  function readCases(columns) {
    const fields = Object.entries(columns);
    const found = [];
    const count = fields.length && fields[0][1].codes ? fields[0][1].codes.length : 0;
    for (let at = 0; at < count; at += 1) {
      const one = { number: at };
      for (const [field, column] of fields) {
        one[field] = Array.isArray(column) ? column[at] : column.codes ? column.names[column.codes[at]] : column.all;
      }
      found.push(one);
    }
    return found;
  }

  // ------------------------------------------------------------------ charts

  function valuesFor(name) {
    if (name === "cache") {
      const panels = new Set(shown.map((one) => one.panel));
      return [...shown, ...page.marks.filter((mark) => panels.has(mark.panel))];
    }
    if (name !== "forest") return shown;
    const sorted = shown.filter((one) => one.speedup !== null).sort((left, right) => right.speedup - left.speedup);
    const pages = Math.max(1, Math.ceil(sorted.length / PAGE_LENGTH));
    forestPage = Math.min(forestPage, pages - 1);
    const first = forestPage * PAGE_LENGTH;
    const part = sorted.slice(first, first + PAGE_LENGTH);
    const pager = figureOf("forest").querySelector(".pager");
    pager.hidden = pages === 1;
    pager.querySelector("span").textContent = `${first + 1} to ${first + part.length} of ${sorted.length}`;
    pager.querySelector('[data-step="-1"]').disabled = forestPage === 0;
    pager.querySelector('[data-step="1"]').disabled = forestPage === pages - 1;
    return part;
  }

  function figureOf(name) {
    return figures.find((figure) => figure.dataset.chart === name);
  }

  // A grid takes the bare layers, a row all others; without a grid the row takes all.
  function casesOf(view, values) {
    const field = view.facet.field;
    if (field === "map_panel" && page.hasGrid) return values.filter((one) => one.in_features === null);
    if (field === "panel" && view.spec.encoding && view.spec.encoding.x.field === "in_features") {
      return values.filter((one) => one.in_features !== null);
    }
    return values;
  }

  function distinct(values, field) {
    return new Set(values.map((one) => one[field]).filter((value) => value !== undefined && value !== null));
  }

  // Small charts side by side as far as they fit, in rows of one length where that costs no column.
  function columnsFor(count, most) {
    const least = Math.ceil(count / Math.ceil(count / most));
    return Math.max(1, Math.min(count, least));
  }

  // On a phone a legend stands in two columns; above the forest it would be wider than the plot.
  function narrowLegends(view, name) {
    for (const inner of view.vconcat || (view.spec ? [view.spec] : view.layer || [])) narrowLegends(inner, name);
    for (const channel of ["color", "shape"]) {
      const encoding = view.encoding && view.encoding[channel];
      if (encoding && encoding.legend && encoding.type === "nominal") {
        encoding.legend = name === "forest" ? null : { ...encoding.legend, columns: name === "cache" ? 2 : 1 };
      }
    }
  }

  function arrange(spec, name, width, values) {
    if (width < NARROW) narrowLegends(spec, name);
    const lost = slack.get(`${name} ${width}`) || 0;
    if (spec.vconcat) {
      spec.vconcat = spec.vconcat.filter((view) => casesOf(view, values).length > 0);
      for (const view of spec.vconcat) arrangePanels(view, name, width - lost, casesOf(view, values), spec);
    } else if (spec.facet) {
      arrangePanels(spec, name, width - lost, values, spec);
    } else {
      const longest = Math.max(...values.map((one) => one.label.length)) * LETTER;
      const limit = Math.min(longest, Math.max(120, width * (width < NARROW ? 0.5 : 0.42)));
      for (const layer of spec.layer) if (layer.encoding.y && layer.encoding.y.axis) layer.encoding.y.axis.labelLimit = limit;
      spec.width = Math.max(120, Math.floor(width - lost - limit - 30));
    }
  }

  function arrangePanels(view, name, width, values, spec) {
    const count = distinct(values, view.facet.field).size;
    const rowNames = view.facet.field === "map_panel" ? [...distinct(values, "runtime")] : [];
    const left = rowNames.length ? Math.min(180, Math.max(...rowNames.map((one) => one.length)) * LETTER) + 12 : 72;
    const room = width - left;
    const across = view.facet.field === "map_panel" ? distinct(values, "layer").size : distinct(values, "in_features").size;
    const wanted = name === "map" ? Math.max(PANEL_WIDTH, across * 30) : PANEL_WIDTH;
    view.columns = columnsFor(count, Math.max(1, Math.min(4, Math.floor((room + PANEL_GAP) / (wanted + PANEL_GAP)))));
    const most = name === "map" ? Math.max(260, across * 70) : 420;
    const each = Math.floor((room - PANEL_GAP * (view.columns - 1)) / view.columns);
    view.spec.width = Math.max(60, Math.min(most, each));
    view.facet.header.labelLimit = view.spec.width + 15;
    if (name === "map" && view.spec.width / across < 29) spec.params.find((one) => one.name === "cell_text").value = false;
  }

  async function draw(figure) {
    const name = figure.dataset.chart;
    const host = figure.querySelector(".chart");
    const width = Math.floor(figure.clientWidth);
    const values = valuesFor(name);
    if (views.has(name)) views.get(name).finalize();
    views.delete(name);
    if (!values.some((one) => one.verdict !== undefined && one.speedup !== null)) {
      host.textContent = "No measured case is chosen.";
      return;
    }
    const spec = structuredClone(page.specs[name]);
    arrange(spec, name, width, values);
    if (name === "forest") spec.params.find((one) => one.name === "show_null").value = document.getElementById("show-null").checked;
    spec.datasets = { cases: values };
    const result = await vegaEmbed(host, spec, {
      mode: "vega-lite",
      actions: false,
      ast: true, // expressions are interpreted: nothing is compiled, so that the page needs no eval
      defaultStyle: false,
      logLevel: 1, // errors alone: that a layer has no case is no news
      renderer: values.length > CANVAS_FROM ? "canvas" : "svg",
      config: page.configs[dark.matches ? "dark" : "light"],
      tooltip: { disableDefaultStyle: true },
    });
    views.set(name, result);
    const key = `${name} ${width}`;
    const drawn = host.querySelector("svg, canvas");
    drawn.setAttribute("aria-hidden", "true"); // its label and the table below say it better than a list of marks
    const pixels = drawn.tagName === "CANVAS" ? devicePixelRatio : 1;
    const over = Math.ceil(Number(drawn.getAttribute("width")) / pixels - width);
    if (over > 0 && !slack.has(key)) {
      slack.set(key, over + 2);
      await draw(figure);
    }
  }

  async function drawOrSay(figure) {
    try {
      await draw(figure);
    } catch (error) {
      console.error(error);
      figure.querySelector(".chart").textContent = `This chart could not be drawn: ${error.message}`;
    }
    if (figure.querySelector(".numbers").open) fillNumbers(figure);
  }

  const unseen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && unseen.delete(target)) drawOrSay(target);
  }, { rootMargin: "300px" });

  function drawWhenSeen(figure) {
    unseen.add(figure);
    observer.unobserve(figure);
    observer.observe(figure);
  }

  async function drawAll() {
    round += 1;
    const own = round;
    delete document.documentElement.dataset.drawn;
    for (const figure of figures) {
      if (own !== round) return;
      if (cases.length > LATER_FROM) drawWhenSeen(figure);
      else await drawOrSay(figure);
    }
    if (own === round) document.documentElement.dataset.drawn = String(own);
  }

  // ------------------------------------------------------------------ tables

  const SCALES = {
    time: [[1, "s", 1], [1e-3, "ms", 1e3], [1e-6, "us", 1e6], [0, "ns", 1e9]],
    bytes: [[2 ** 30, "GiB", 2 ** -30], [2 ** 20, "MiB", 2 ** -20], [1024, "KiB", 2 ** -10], [0, "B", 1]],
  };

  function written(value, kind) {
    if (value === null || value === undefined) return "-";
    if (kind === "text" || kind === "count") return String(value);
    if (kind === "ratio") return value.toFixed(3);
    const [, unit, factor] = SCALES[kind].find(([least]) => Math.abs(value) >= least);
    return `${Number((value * factor).toPrecision(3))} ${unit}`;
  }

  function fillNumbers(figure) {
    const columns = [{ field: "label", title: "case", kind: "text" }, ...page.numbers[figure.dataset.chart]];
    const table = document.createElement("table");
    table.className = "sortable";
    const head = table.createTHead().insertRow();
    for (const column of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.dataset.key = column.field;
      cell.textContent = column.title;
      head.append(cell);
    }
    const body = table.createTBody();
    for (const one of shown) {
      const row = body.insertRow();
      row.dataset.case = one.number;
      for (const column of columns) row.insertCell().textContent = written(one[column.field], column.kind);
      row.cells[0].className = "name";
    }
    makeSortable(table);
    figure.querySelector(".numbers .scroll").replaceChildren(table);
  }

  function makeSortable(table) {
    for (const cell of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
      button.addEventListener("click", () => sort(table, cell));
    }
  }

  function sort(table, cell) {
    const down = cell.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = cell.dataset.key;
    const collator = new Intl.Collator("en", { numeric: true });
    const rows = [...table.tBodies[0].rows].map((row) => {
      return [key ? cases[Number(row.dataset.case)][key] : row.cells[cell.cellIndex].textContent, row];
    });
    const sign = down ? -1 : 1;
    rows.sort(([left], [right]) => {
      if (left === null || right === null) return (left === null) - (right === null);
      return sign * (typeof left === "number" ? left - right : collator.compare(left, right));
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  // ------------------------------------------------------------------ filters

  function choose() {
    shown = cases.filter((one) => page.filters.every(({ key }) => !hidden[key].has(one[key])));
    const numbers = new Set(shown.map((one) => one.number));
    for (const row of document.querySelectorAll("section tr[data-case]")) row.hidden = !numbers.has(Number(row.dataset.case));
    for (const row of document.querySelectorAll("tr[data-cases]")) {
      row.hidden = !row.dataset.cases.split(" ").some((number) => numbers.has(Number(number)));
    }
    const status = document.getElementById("status");
    if (status) status.textContent = `${shown.length} of ${cases.length} cases are shown.`;
    return drawAll();
  }

  const form = document.querySelector(".filters");
  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      const key = event.target.closest("fieldset").dataset.key;
      const { values } = page.filters.find((filter) => filter.key === key);
      hidden[key][event.target.checked ? "delete" : "add"](values[Number(event.target.value)]);
      choose();
    });
    document.getElementById("all-cases").addEventListener("click", () => {
      for (const box of form.querySelectorAll("input")) box.checked = true;
      for (const chosen of Object.values(hidden)) chosen.clear();
      choose();
    });
  }

  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
  for (const figure of figures) {
    figure.querySelector(".numbers").addEventListener("toggle", () => fillNumbers(figure));
    figure.querySelector(".pager").addEventListener("click", (event) => {
      if (!event.target.dataset.step) return;
      forestPage += Number(event.target.dataset.step);
      draw(figure);
    });
  }
  const nulls = document.getElementById("show-null");
  if (nulls) nulls.addEventListener("change", () => draw(figureOf("forest")));
  dark.addEventListener("change", drawAll);
  let width = document.documentElement.clientWidth;
  let waiting = 0;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });
  choose();
})();
