"use strict";
// Draws the charts, filters charts and tables, and sorts tables. Text from the data only ever becomes text: by
// textContent here, by Vega's text marks in charts, and by the escaping of Vega's tooltips.
(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const CANVAS_FROM = 1500; // marks: more of them are slow as SVG
  const LATER_FROM = 1000; // cases: with more of them a chart is drawn when it comes into view
  const PANEL_WIDTH = 205;
  const CELL_WIDTHS = [30, 70]; // pixels: the least that is wanted, and the most
  const NARROW = 600; // pixels: a phone
  const PANEL_GAP = 20;
  const AXIS_WIDTH = 72; // pixels left of a plot
  const LETTER = 6.8; // about the width of a letter on an axis

  document.documentElement.classList.add("scripted");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const cases = readCases(page.columns);
  const hidden = Object.fromEntries(page.filters.map((filter) => [filter.key, new Set()]));
  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const views = new Map();
  const slack = new Map(); // pixels that a chart turned out too wide, by name and width
  let shown = cases;
  const pages = new Map(); // which page of its cases a chart shows, by name
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

  // The cases of a chart, by its own order and page by page where it has either, and its marks beside them.
  function valuesFor(figure) {
    const name = figure.dataset.chart;
    const chart = page.charts[name];
    let values = shown;
    if (chart.fallsBy) {
      const key = chart.fallsBy;
      values = shown.filter((one) => one[key] !== null).sort((left, right) => right[key] - left[key]);
    }
    if (chart.pageLength) values = pageOf(values, name, chart.pageLength, figure.querySelector(".pager"));
    const panels = new Set(shown.map((one) => one.panel));
    return [...values, ...chart.marks.filter((mark) => panels.has(mark.panel))];
  }

  function pageOf(values, name, length, pager) {
    const count = Math.max(1, Math.ceil(values.length / length));
    const at = Math.min(pages.get(name) || 0, count - 1);
    pages.set(name, at);
    const first = at * length;
    const part = values.slice(first, first + length);
    pager.hidden = count === 1;
    pager.querySelector("span").textContent = `${first + 1} to ${first + part.length} of ${values.length}`;
    pager.querySelector('[data-step="-1"]').disabled = at === 0;
    pager.querySelector('[data-step="1"]').disabled = at === count - 1;
    return part;
  }

  function has(one, field) {
    return one[field] !== undefined && one[field] !== null;
  }

  // Some views show the cases alone that have a field, or that lack it.
  function casesOf(view, values) {
    return values.filter((one) => (!view.known || has(one, view.known)) && !(view.unknown && has(one, view.unknown)));
  }

  function distinct(values, field) {
    return new Set(values.filter((one) => has(one, field)).map((one) => one[field]));
  }

  // Small charts side by side as far as they fit, in rows of one length where that costs no column.
  function columnsFor(count, most) {
    const least = Math.ceil(count / Math.ceil(count / most));
    return Math.max(1, Math.min(count, least));
  }

  // On a phone a legend stands in few columns, or would be wider than the plot and is left out.
  function narrowLegends(view, columns) {
    for (const inner of view.vconcat || (view.spec ? [view.spec] : view.layer || [])) narrowLegends(inner, columns);
    for (const channel of ["color", "shape"]) {
      const encoding = view.encoding && view.encoding[channel];
      if (encoding && encoding.legend && encoding.type === "nominal") {
        encoding.legend = columns ? { ...encoding.legend, columns } : null;
      }
    }
  }

  function arrange(spec, chart, width, lost, values) {
    const parts = (spec.vconcat || [spec]).map((part, at) => [part, chart.views[at]]);
    for (const [part, view] of parts) {
      const own = casesOf(view, values);
      if (part.facet) arrangePanels(part, view, width - lost, own, spec, chart.parameters);
      else arrangePlot(part, view, width, lost, own);
    }
    if (spec.vconcat) spec.vconcat = parts.filter(([, view]) => casesOf(view, values).length > 0).map(([part]) => part);
  }

  // One plot as wide as the page: the names left of it take what they need, but not much more than a third.
  function arrangePlot(part, view, width, lost, values) {
    const longest = view.names ? longestName(distinct(values, view.names)) : AXIS_WIDTH;
    const limit = Math.min(longest, Math.max(120, width * (width < NARROW ? 0.5 : 0.42)));
    for (const { encoding } of part.layer || [part]) {
      if (view.names && encoding.y && encoding.y.axis) encoding.y.axis.labelLimit = limit;
    }
    part.width = Math.max(120, Math.floor(width - lost - limit - 30));
  }

  function longestName(names) {
    return Math.max(0, ...[...names].map((one) => one.length)) * LETTER;
  }

  function arrangePanels(part, view, width, values, spec, parameters) {
    const count = distinct(values, part.facet.field).size;
    const names = view.names ? distinct(values, view.names) : new Set();
    const room = width - (names.size ? Math.min(180, longestName(names)) + 12 : AXIS_WIDTH);
    const across = view.cells ? distinct(values, view.cells).size : 0;
    const [least, most] = CELL_WIDTHS.map((pixels) => across * pixels);
    const wanted = Math.max(PANEL_WIDTH, least);
    part.columns = columnsFor(count, Math.max(1, Math.min(4, Math.floor((room + PANEL_GAP) / (wanted + PANEL_GAP)))));
    const each = Math.floor((room - PANEL_GAP * (part.columns - 1)) / part.columns);
    part.spec.width = Math.max(60, Math.min(view.cells ? Math.max(260, most) : 420, each));
    part.facet.header.labelLimit = part.spec.width + 15;
    for (const { name, cell } of parameters) if (view.cells && part.spec.width / across < cell) setParameter(spec, name, false);
  }

  function setParameter(spec, name, value) {
    spec.params.find((one) => one.name === name).value = value;
  }

  async function draw(figure) {
    const name = figure.dataset.chart;
    const host = figure.querySelector(".chart");
    const width = Math.floor(figure.clientWidth);
    const chart = page.charts[name];
    const values = valuesFor(figure);
    if (views.has(name)) views.get(name).finalize();
    views.delete(name);
    if (!shown.some((one) => one.speedup !== null)) {
      host.textContent = "No measured case is chosen.";
      return;
    }
    const key = `${name} ${width}`;
    const spec = structuredClone(chart.spec);
    if (width < NARROW) narrowLegends(spec, chart.legendColumns);
    arrange(spec, chart, width, slack.get(key) || 0, values);
    for (const parameter of chart.parameters) {
      if (parameter.box) setParameter(spec, parameter.name, document.getElementById(parameter.box).checked);
    }
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
    const columns = [{ field: "label", title: "case", kind: "text" }, ...page.charts[figure.dataset.chart].columns];
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
      const name = figure.dataset.chart;
      pages.set(name, pages.get(name) + Number(event.target.dataset.step));
      draw(figure);
    });
    for (const { box } of page.charts[figure.dataset.chart].parameters) {
      if (box) document.getElementById(box).addEventListener("change", () => draw(figure));
    }
  }
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
