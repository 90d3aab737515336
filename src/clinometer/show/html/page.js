"use strict";
// The page reads without this script; it adds sorting, filtering, maps and hovering.

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

// --- colours: as the system, light, dark ---------------------------------------

const THEMES = ["as the system", "light", "dark"];
const theme = byId("theme");
let shade = 0;
theme.addEventListener("click", () => {
  shade = (shade + 1) % THEMES.length;
  if (shade === 0) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = THEMES[shade];
  theme.textContent = ["◐", "☀", "☾"][shade];
  theme.setAttribute("aria-label", `Colours: ${THEMES[shade]}`);
  document.dispatchEvent(new Event("recolour"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  document.dispatchEvent(new Event("recolour")));

// --- the table of findings: worst ten first, sorted by column, filtered ---------

function table() {
  const frame = byId("findings");
  if (!frame) return;
  const body = frame.tBodies[0];
  const rows = [...body.rows];
  const worst = Number(frame.dataset.worst);
  const all = byId("all"), filter = byId("filter"), count = byId("count");
  let whole = rows.length <= worst;
  filter.closest(".controls").hidden = whole;

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    let found = 0, shown = 0;
    for (const row of body.rows) {
      const matches = !wanted || row.textContent.toLowerCase().includes(wanted);
      found += matches;
      row.hidden = !matches || (!whole && shown >= worst);
      shown += !row.hidden;
    }
    all.hidden = whole || found <= worst;
    count.textContent = shown === rows.length ? "" :
      `${shown.toLocaleString("en")} of ${found.toLocaleString("en")}` +
      (wanted ? " found" : "") + " shown";
  }

  function sort(column, head) {
    const falls = head.ariaSort === "ascending";
    for (const other of frame.tHead.rows[0].cells) other.ariaSort = "none";
    head.ariaSort = falls ? "descending" : "ascending";
    const key = (row) => row.cells[column].dataset.v;
    const numbers = head.classList.contains("number") || column === 0;
    const value = (text) => (text === "inf" ? Infinity : text === "-inf" ? -Infinity :
      Number(text));
    rows.sort((a, b) => {
      const [one, two] = [key(a), key(b)];
      if (one === undefined || two === undefined)
        return (one === undefined) - (two === undefined);
      const order = numbers ? value(one) - value(two) || 0 : one.localeCompare(two);
      return falls ? -order : order;
    });
    body.append(...rows);
    show();
  }

  [...frame.tHead.rows[0].cells].forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () => sort(column, head)));
  filter.addEventListener("input", show);
  all.addEventListener("click", () => { whole = true; show(); });
  addEventListener("beforeprint", () => rows.forEach((row) => { row.hidden = false; }));
  addEventListener("afterprint", show);
  show();
}

// --- a tip beside the pointer ---------------------------------------------------

function tell(tip, words, x, y) {
  tip.textContent = words;
  tip.classList.toggle("on", words !== "");
  if (!words) return;
  const frame = tip.parentElement.getBoundingClientRect();
  const left = Math.min(x - frame.left + 14, frame.width - tip.offsetWidth - 4);
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${y - frame.top + 16}px`;
}

// --- the step curve: what stands nearest to the pointer -------------------------

function curve() {
  const figure = byId("curve");
  if (!figure) return;
  const tip = byId("curve-tip");
  const dots = [...figure.querySelectorAll("circle")];
  let at = -1;

  function mark(place) {
    if (at >= 0) dots[at].classList.remove("on");
    at = place;
    if (at < 0) { tell(tip, "", 0, 0); return; }
    const dot = dots[at], box = dot.getBoundingClientRect();
    dot.classList.add("on");
    const said = dot.dataset;
    tell(tip, `${said.name} difference, step ${said.step}\n${said.value}, ` +
      `${said.error} from the measured slope`, box.x, box.y);
  }

  figure.addEventListener("pointermove", (event) => {
    let best = -1, least = 40 ** 2;
    dots.forEach((dot, k) => {
      const box = dot.getBoundingClientRect();
      const away = (box.x + box.width / 2 - event.clientX) ** 2 +
        (box.y + box.height / 2 - event.clientY) ** 2;
      if (away < least) [best, least] = [k, away];
    });
    if (best !== at) mark(best);
  });
  figure.addEventListener("pointerleave", () => mark(-1));
  figure.addEventListener("blur", () => mark(-1));
  figure.addEventListener("keydown", (event) => {
    const move = { ArrowRight: -1, ArrowLeft: 1 }[event.key];
    if (!move || !dots.length) return;
    event.preventDefault();
    mark(at < 0 ? 0 : (at + move + dots.length) % dots.length);
  });
}

// --- maps: where in an array the wrong entries lie ------------------------------

const number = (value) => (typeof value === "string" ?
  { inf: Infinity, "-inf": -Infinity, nan: NaN }[value] : value ?? NaN);

const short = (value) => {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "∞");
  return value.toLocaleString("en", { maximumSignificantDigits: 4, useGrouping: false,
    notation: Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-3) ?
      "scientific" : "standard" }).replace("E", "e");
};

function dark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function bars(cell) {
  const off = Math.abs(cell.analytic - cell.numerical);
  return off === 0 ? 0 : off / cell.error;
}

// Colours of a cell, by what is asked: each mode has a scale to print below the map.
const MODES = {
  bars: {
    steps: [[10, "up to 10"], [1e3, "10³"], [1e6, "10⁶"], [Infinity, "more"]],
    of(cell) {
      const place = this.steps.findIndex(([limit]) => bars(cell) <= limit);
      return this.colour(place < 0 ? 3 : place);
    },
    colour: (k) => (dark() ? ["#5b3a2f", "#96503a", "#dd6e4a", "#ffb38a"] :
      ["#f2c4a0", "#e08a5a", "#bd4a34", "#7a1730"])[k],
    scale() { return this.steps.map(([, name], k) => [this.colour(k), `${name} bars`]); },
  },
  ratio: {
    steps: [[-1e-9, "sign flipped"], [1e-9, "zero"], [0.95, "too small"],
      [1.05, "within 5 %"], [Infinity, "too large"]],
    of(cell) {
      const ratio = cell.analytic / cell.numerical;
      if (Number.isNaN(ratio)) return this.colour(4);
      return this.colour(this.steps.findIndex(([limit]) => ratio <= limit));
    },
    colour: (k) => (dark() ? ["#ff6f8a", "#8a94a3", "#5aa7f0", "#e8dfa0", "#f2a04c"] :
      ["#b3233b", "#59636f", "#2f7fc9", "#c9b93e", "#d97b1e"])[k],
    scale() { return this.steps.map(([, name], k) => [this.colour(k), name]); },
  },
  verdict: {
    of: (cell) => `var(--${cell.verdict})`,
    scale: () => [["var(--differs)", "differs"], ["var(--cannot-tell)", "cannot tell"]],
  },
};

function element(name, attributes, words) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== undefined) made.textContent = words;
  return made;
}

const WIDE = 620, HIGH = 420, SMALLEST = 3; // CSS pixels: of a plane, of a mark in it

class EntryMap {
  constructor(figure, { path, shape, every, blocks, cells }) {
    Object.assign(this, { figure, path, shape, every, blocks });
    this.mode = figure.querySelector(".mode");
    this.slice = figure.querySelector(".slice");
    this.tip = figure.querySelector(".tip");
    const inner = shape.length > 1 ? shape.slice(-2) : this.wrapped(shape[0]);
    [this.rows, this.columns] = inner;
    this.lead = shape.slice(0, -2);
    this.size = shape.length > 1 ? this.rows * this.columns : shape[0];
    this.cells = cells.map(([place, analytic, numerical, error, verdict]) => ({
      slice: Math.floor(place / this.size), inside: place % this.size,
      analytic: number(analytic), numerical: number(numerical), error: number(error),
      verdict }));
    this.offerSlices();
    this.mode.addEventListener("change", () => this.draw());
    this.slice.addEventListener("change", () => this.draw());
    document.addEventListener("recolour", () => this.draw());
    this.draw();
  }

  wrapped(length) { // an array of one axis is laid out in lines of a power of two
    if (length <= 64) return [1, length];
    const columns = Math.min(length, 2 ** Math.ceil(Math.log2(Math.sqrt(2 * length))));
    return [Math.ceil(length / columns), columns];
  }

  offerSlices() {
    const counts = new Map();
    for (const { slice } of this.cells) counts.set(slice, (counts.get(slice) ?? 0) + 1);
    for (const block of this.blocks)
      for (const slice of this.slicesOf(block))
        counts.set(slice, (counts.get(slice) ?? 0) + this.areaOf(block));
    const order = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 500);
    for (const [slice, count] of order) {
      const option = document.createElement("option");
      option.value = slice;
      option.textContent = `[${[...this.unravelled(slice, this.lead), ":", ":"].join(", ")}]` +
        ` – ${count} marked`;
      this.slice.append(option);
    }
    this.slice.parentElement.hidden = this.lead.length === 0;
  }

  slicesOf(block) { // the first few hundred slices that a block reaches
    let found = [0];
    block.slice(0, -2).forEach(([start, stop], axis) => {
      const indices = Array.from({ length: Math.min(stop - start, 500) }, (_, k) => start + k);
      found = found.flatMap((slice) => indices.map((k) => slice * this.lead[axis] + k))
        .slice(0, 500);
    });
    return found;
  }

  areaOf(block) {
    return block.slice(-2).reduce((area, [start, stop]) => area * (stop - start), 1);
  }

  rectangles(block) { // in rows and columns: [row, column, rows, columns]
    if (this.shape.length > 1) {
      const [[top, low], [left, right]] = block.slice(-2);
      return [[top, left, low - top, right - left]];
    }
    const [[start, stop]] = block, found = [];
    for (let row = Math.floor(start / this.columns); row * this.columns < stop; row++) {
      const left = Math.max(start - row * this.columns, 0);
      found.push([row, left, 1, Math.min(stop - row * this.columns, this.columns) - left]);
    }
    return found;
  }

  drawBlocks(svg) {
    const shown = this.blocks.filter((block) => block.slice(0, -2).every(([start, stop], k) => {
      const index = this.unravelled(Number(this.slice.value), this.lead)[k];
      return start <= index && index < stop;
    }));
    for (const block of shown)
      for (const [row, column, rows, columns] of this.rectangles(block))
        svg.append(element("rect", { x: column * this.dx, y: row * this.dy,
          width: Math.max(columns * this.dx, SMALLEST),
          height: Math.max(rows * this.dy, SMALLEST), class: "block" }));
  }

  unravelled(place, shape) {
    const index = [];
    for (const length of [...shape].reverse()) {
      index.unshift(place % length);
      place = Math.floor(place / length);
    }
    return index;
  }

  draw() {
    const { rows, columns } = this;
    const unit = Math.min(WIDE / columns, HIGH / rows, 34);
    const cross = Math.max(unit, Math.min(WIDE / columns, 34, 6 / rows));
    [this.dx, this.dy] = [Math.min(WIDE / columns, Math.max(unit, cross, 20 / columns)),
      Math.min(HIGH / rows, Math.max(unit, 20 / rows))];
    const [width, height] = [columns * this.dx, rows * this.dy];
    const svg = element("svg", { viewBox: `-46 -22 ${width + 54} ${height + 30}`,
      width: width + 54, height: height + 30, tabindex: 0, role: "img",
      "aria-label": `Map of ${this.path}; arrow keys go from one marked entry to the next` });
    svg.append(this.hatch(), element("rect", { x: 0, y: 0, width, height,
      class: this.every ? "field" : "field unknown" }), ...this.labels(width, height));
    this.slicesCells = this.cells.filter(({ slice }) =>
      this.lead.length === 0 || slice === Number(this.slice.value));
    this.drawBlocks(svg);
    const mode = MODES[this.mode.value];
    const [wide, high] = [Math.max(this.dx, SMALLEST), Math.max(this.dy, SMALLEST)];
    const gap = Math.min(this.dx, this.dy) > 8 ? 1 : 0;
    for (const cell of this.slicesCells) {
      const [x, y] = this.place(cell);
      svg.append(element("rect", { x: x + gap / 2, y: y + gap / 2, width: wide - gap,
        height: high - gap, fill: mode.of(cell), class: "cell" }));
    }
    this.cursor = element("rect", { class: "cursor", width: wide, height: high, x: -99 });
    svg.append(this.cursor);
    this.listen(svg);
    this.figure.querySelector(".plane").replaceChildren(svg);
    this.print(mode);
  }

  hatch() {
    const defs = element("defs", {});
    const pattern = element("pattern", { id: "hatch", width: 7, height: 7,
      patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(element("rect", { width: 7, height: 7, fill: "var(--wash)" }),
      element("rect", { width: 1.4, height: 7, fill: "var(--line)" }));
    defs.append(pattern);
    return defs;
  }

  labels(width, height) {
    const { shape, rows, columns } = this;
    const last = shape.length - 1;
    const across = shape.length > 1 ? `axis ${last}` : "entry";
    const text = (words, x, y, anchor, more = {}) =>
      element("text", { x, y, "text-anchor": anchor, ...more }, words);
    const made = [text("0", 0, -7, "start"), text(columns - 1, width, -7, "end")];
    if (width > 140) made.push(text(`${across} →`, width / 2, -7, "middle"));
    if (rows === 1) return made;
    const step = shape.length > 1 ? 1 : columns;
    made.push(text("0", -6, 10, "end"));
    if (height > 24) made.push(text((rows - 1) * step, -6, height, "end"));
    if (height > 90) made.push(text(shape.length > 1 ? `← axis ${last - 1}` : "← first of a line",
      0, 0, "middle", { transform: `translate(-24 ${height / 2}) rotate(-90)` }));
    return made;
  }

  place({ inside }) {
    return [(inside % this.columns) * this.dx, Math.floor(inside / this.columns) * this.dy];
  }

  listen(svg) {
    let at = -1;
    const mark = (place) => {
      at = place;
      const cell = this.slicesCells[at];
      if (!cell) {
        this.cursor.setAttribute("x", -99);
        tell(this.tip, "", 0, 0);
        return;
      }
      const [x, y] = this.place(cell);
      this.cursor.setAttribute("x", x);
      this.cursor.setAttribute("y", y);
      const box = this.cursor.getBoundingClientRect();
      tell(this.tip, this.said(cell), box.right, box.bottom);
    };
    svg.addEventListener("pointermove", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      let best = -1, least = Infinity;
      this.slicesCells.forEach((cell, k) => {
        const [x, y] = this.place(cell);
        const [right, low] = [x + Math.max(this.dx, SMALLEST), y + Math.max(this.dy, SMALLEST)];
        const away = Math.hypot(Math.max(x - point.x, 0, point.x - right),
          Math.max(y - point.y, 0, point.y - low));
        if (away <= 3 && away < least) [best, least] = [k, away];
      });
      if (best !== at) mark(best);
    });
    svg.addEventListener("pointerleave", () => mark(-1));
    svg.addEventListener("blur", () => mark(-1));
    svg.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const count = this.slicesCells.length;
      if (!move || !count) return;
      event.preventDefault();
      mark(at < 0 ? 0 : (at + move + count) % count);
    });
  }

  said({ slice, inside, analytic, numerical, error, verdict }) {
    const index = this.unravelled(slice * this.size + inside, this.shape);
    return `${this.path}[${index.join(", ")}] ${verdict.replace("-", " ")}\n` +
      `claimed ${short(analytic)}, measured ${short(numerical)} ± ${short(error)}`;
  }

  print(mode) {
    const rest = [["var(--wash)", this.every ? "agrees" : "not compared one by one"]];
    if (this.blocks.length) rest.unshift(["var(--block)", "block that is wrong"]);
    this.figure.querySelector(".scale").replaceChildren(
      ...[...mode.scale(), ...rest].map(([colour, name]) => {
        const item = document.createElement("span");
        const patch = document.createElement("i");
        patch.style.background = colour;
        item.append(patch, name);
        return item;
      }));
  }
}

// --- the script that repeats it -------------------------------------------------

function copying() {
  const button = byId("copy"), script = byId("script");
  button.addEventListener("click", async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(script.textContent);
    } catch { // no leave to write there: select it, the old way
      getSelection().selectAllChildren(script);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

table();
curve();
copying();
const known = JSON.parse(byId("data").textContent);
for (const figure of document.querySelectorAll(".map"))
  new EntryMap(figure, known.maps[Number(figure.dataset.map)]);
