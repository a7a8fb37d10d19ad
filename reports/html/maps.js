// Heat maps: pointing, touching and arrow keys tell what a cell holds. Every text is set as text.
"use strict";
(() => {
  const all = JSON.parse(document.getElementById("data").textContent).maps;
  const above = (text) => text.startsWith(">") || (!text.startsWith("<") && !(Number(text) <= 1));
  for (const told of Object.values(all)) {
    for (const name of Object.keys(told.fields)) told.fields[name] = told.fields[name].split("|");
  }
  let against = 0;

  function reader(box) {
    const told = all[box.dataset.map];
    const field = box.querySelector("[data-field-box]");
    const grid = box.querySelector("[data-grid]");
    const cursor = box.querySelector("[data-cursor]");
    const columns = told.x.length;
    const heard = document.createElement("div");
    heard.className = "heard";
    heard.setAttribute("aria-live", "polite");
    box.append(heard);
    let place = told.cells.indexOf(told.worst);

    function where(k) {
      const words = [];
      for (const labels of [...told.labels].reverse()) {
        words.unshift(labels[k % labels.length]);
        k = Math.floor(k / labels.length);
      }
      return words.join(", ") || "the number";
    }

    function mark() {
      box.querySelectorAll("[data-reference]").forEach((one) => {
        const n = one.dataset.reference;
        one.classList.toggle("chosen", Number(n) === against);
        one.classList.toggle("wrong", above(told.fields[`ratio.${n}`][told.cells[place]]));
      });
      box.querySelectorAll("[data-layer]").forEach((layer) => {
        if (!told.references.length) return;
        if (Number(layer.dataset.layer) === Math.min(against, told.references.length - 1)) layer.removeAttribute("display");
        else layer.setAttribute("display", "none");
      });
    }

    function show(to, aloud) {
      place = to;
      const k = told.cells[place];
      box.querySelector("[data-where]").textContent = where(k);
      box.querySelectorAll("[data-field]").forEach((one) => { one.textContent = told.fields[one.dataset.field][k]; });
      cursor.setAttribute("x", told.x[place % columns]);
      cursor.setAttribute("y", told.y[Math.floor(place / columns)]);
      cursor.removeAttribute("display");
      mark();
      if (aloud) heard.textContent = spoken(k);
    }

    function spoken(k) {
      const { fields, references } = told;
      if (fields.error) return `${where(k)}: ${fields.error[k]}`;
      const n = Math.min(against, references.length - 1);
      const ratio = fields[`ratio.${n}`][k];
      return `${where(k)}: candidate ${fields.candidate[k]}, ${references[n]} ${fields[`expected.${n}`][k]}, `
        + `error ÷ budget ${ratio}${above(ratio) ? ", differs" : ""}`;
    }

    // The nearest cell, gaps counted to their left and upper neighbours.
    function nearest(offsets, at) {
      let k = 0;
      while (k + 1 < offsets.length && offsets[k + 1] <= at) k += 1;
      return k;
    }

    function point(event) {
      const matrix = grid.getScreenCTM().inverse();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
      const { x, y } = told;
      if (at.x < 0 || at.y < 0 || at.x > x[x.length - 1] + 1 || at.y > y[y.length - 1] + 1) return;
      show(nearest(y, at.y) * columns + nearest(x, at.x), false);
    }

    function keyed(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const rows = told.y.length;
      const row = Math.floor(place / columns);
      const column = place % columns;
      const to = {
        ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
        Home: [row, 0], End: [row, columns - 1], PageUp: [0, column], PageDown: [rows - 1, column],
      }[event.key];
      if (!to) return;
      event.preventDefault();
      const clamped = (value, size) => Math.min(Math.max(value, 0), size - 1);
      show(clamped(to[0], rows) * columns + clamped(to[1], columns), true);
      reveal();
    }

    function reveal() {
      const cell = cursor.getBoundingClientRect();
      const seen = field.getBoundingClientRect();
      if (cell.left < seen.left + 40) field.scrollLeft -= seen.left + 40 - cell.left;
      if (cell.right > seen.right - 10) field.scrollLeft += cell.right - seen.right + 10;
      if (cell.top < 0 || cell.bottom > innerHeight) cursor.scrollIntoView({ block: "nearest" });
    }

    field.tabIndex = 0;
    field.setAttribute("role", "application");
    field.setAttribute("aria-roledescription", "heat map");
    field.setAttribute("aria-label", `${field.querySelector("svg").getAttribute("aria-label")}. Arrow keys read the cells.`);
    field.addEventListener("pointermove", point);
    field.addEventListener("pointerdown", point);
    field.addEventListener("keydown", keyed);
    field.addEventListener("focus", () => { if (field.matches(":focus-visible")) show(place, true); });
    mark();
    return mark;
  }

  const marks = [...document.querySelectorAll("[data-map]")].map(reader);

  // Which reference the maps are against: one choice for all of them.
  const names = Object.values(all).map((map) => map.references).find((references) => references.length > 1);
  const bar = document.getElementById("against");
  if (names && bar) {
    const label = document.createElement("label");
    const choice = document.createElement("select");
    names.forEach((name, n) => {
      const option = document.createElement("option");
      option.value = n;
      option.textContent = n ? name : `${name} (truth)`;
      choice.append(option);
    });
    choice.addEventListener("change", () => {
      against = Number(choice.value);
      marks.forEach((mark) => mark());
    });
    label.append("coloured against ", choice);
    bar.append(label);
  }
})();
