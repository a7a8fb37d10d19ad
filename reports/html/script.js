// What all pages share: the theme, sorting and filtering of tables, copying of commands. Texts are set as text only.
"use strict";
(() => {
  const root = document.documentElement;

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  // From a file, or in a sandboxed frame, there may be no storage: then the choice holds for as long as the page.
  const KEY = "handgrad-theme";
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem(KEY, theme); } catch { /* it is only not remembered */ } };

  function theme() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const button = element("button", { type: "button", id: "theme" });
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
    const told = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
    const chosen = stored();
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      store(root.dataset.theme);
      told();
    });
    dark.addEventListener("change", told);
    told();
    document.getElementById("tools").append(button);
  }

  // A number's key beside its text; what is not a number counts as the worst, above infinity.
  function key(cell) {
    if (!("key" in cell.dataset)) return cell.textContent.trim();
    const text = cell.dataset.key;
    if (text === "nan") return [1, 0];
    return [0, text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text)];
  }

  function compare(one, other) {
    if (typeof one === "string" || typeof other === "string") {
      return String(one).localeCompare(String(other), "en", { numeric: true });
    }
    return one[0] - other[0] || (one[1] === other[1] ? 0 : one[1] < other[1] ? -1 : 1);
  }

  function sortable(table) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const button = element("button", { type: "button" }, ...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const number = heading.classList.contains("number");
        const before = heading.getAttribute("aria-sort");
        const down = before ? before === "ascending" : number;
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[column]), row]);
        rows.sort((one, other) => compare(one[0], other[0]) * (down ? -1 : 1));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  }

  function filterable(table) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 2) return;
    const verdicts = [...new Set(rows.map((row) => row.dataset.verdict).filter(Boolean))];
    const text = element("input", { type: "search", placeholder: "Filter rows" });
    text.setAttribute("aria-label", "Filter rows by text");
    const choice = element("select", {}, element("option", { value: "", textContent: "every verdict" }),
      ...verdicts.map((verdict) => element("option", { value: verdict, textContent: verdict })));
    choice.setAttribute("aria-label", "Filter rows by verdict");
    const count = element("output");
    const apply = () => {
      const wanted = text.value.trim().toLowerCase();
      for (const row of rows) {
        const fits = (!choice.value || row.dataset.verdict === choice.value)
          && [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase().includes(wanted);
        row.hidden = !fits;
      }
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
    };
    text.addEventListener("input", apply);
    choice.addEventListener("change", apply);
    apply();
    const controls = element("div", { className: "controls no-print" }, text);
    if (verdicts.length > 1) controls.append(choice);
    controls.append(count);
    table.closest(".scroll").before(controls);
  }

  // The clipboard is refused in some frames; the text is then selected, and copied the older way where that is allowed.
  function copyable(box) {
    const code = box.querySelector("code");
    const button = element("button", { type: "button", className: "no-print", textContent: "Copy" });
    const done = (text) => {
      button.textContent = text;
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    };
    const byHand = () => {
      getSelection().selectAllChildren(code);
      let copied = false;
      try { copied = document.execCommand("copy"); } catch { /* selected at least */ }
      done(copied ? "Copied" : "Selected");
    };
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(code.textContent); done("Copied"); } catch { byHand(); }
    });
    box.append(button);
  }

  // On paper everything is open; afterwards as it was.
  function printable() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      opened.forEach((one) => { one.open = true; });
    });
    addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
  }

  theme();
  document.querySelectorAll("table[data-filter]").forEach(filterable);
  document.querySelectorAll("table[data-sortable]").forEach(sortable);
  document.querySelectorAll("[data-copy]").forEach(copyable);
  printable();
})();
