"use strict";
(() => {
  const make = (name, words, more = {}) => Object.assign(document.createElement(name), { textContent: words }, more);

  const theme = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
    const button = make("button", "", { type: "button" });
    const say = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    button.onclick = () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      say();
    };
    dark.addEventListener("change", say);
    say();
    document.querySelector("header").append(button);
  };

  const icicle = (drawn) => {
    const cells = [...drawn.querySelectorAll(".icicle a")];
    const facts = drawn.querySelector(".facts");
    const room = cells.map((cell) => ["--d", "--a", "--s"].map((name) => Number(cell.style.getPropertyValue(name))));
    let opened = 0;
    const inside = (inner, outer) => {
      const [depth, start, size] = room[inner];
      const [above, from, width] = room[outer];
      const slack = 1e-4 * width;
      return depth >= above && start >= from - slack && start + size <= from + width + slack;
    };
    const tell = (number) => {
      const row = document.getElementById(cells[number].hash.slice(1));
      const why = row.nextElementSibling.querySelector("details");
      const amount = [...row.cells].slice(1).map((cell) => cell.textContent).join(" \u00b7 ");
      const about = make("p", why.querySelector("summary").textContent);
      const tree = why.querySelector(".tree").cloneNode(true);
      const what = make("div", "");
      what.append(make("h3", row.cells[0].textContent), make("p", amount), about);
      facts.replaceChildren(what, tree);
      cells.forEach((cell, other) => cell.classList.toggle("shown", other === number));
    };
    const open = (number) => {
      opened = number;
      const [, from, width] = room[number];
      cells.forEach((cell, other) => {
        const [, start, size] = room[other];
        const above = inside(number, other);
        cell.style.setProperty("--a", above ? 0 : (start - from) / width);
        cell.style.setProperty("--s", above ? 1 : size / width);
        cell.hidden = !above && !inside(other, number);
      });
      tell(number);
    };
    const beside = (number, key) => {
      const [depth] = room[number];
      const seen = cells.map((_, other) => other).filter((other) => !cells[other].hidden);
      if (key === "ArrowUp") return seen.findLast((other) => room[other][0] === depth - 1 && inside(number, other));
      if (key === "ArrowDown") return seen.find((other) => room[other][0] === depth + 1 && inside(other, number));
      const level = seen.filter((other) => room[other][0] === depth);
      return level[level.indexOf(number) + (key === "ArrowRight" ? 1 : -1)];
    };
    const focus = (number) => {
      cells.forEach((cell, other) => { cell.tabIndex = other === number ? 0 : -1; });
      cells[number].focus();
    };
    const show = (number) => {
      open(number);
      focus(number);
    };
    cells.forEach((cell, number) => {
      cell.setAttribute("role", "button");
      cell.tabIndex = number ? -1 : 0;
      cell.onpointerenter = () => tell(number);
      cell.onfocus = () => tell(number);
      cell.onclick = (event) => {
        event.preventDefault();
        const [depth] = room[number];
        show(number === opened && depth ? beside(number, "ArrowUp") : number);
      };
      cell.onkeydown = (event) => {
        if (event.key === " ") { event.preventDefault(); cell.click(); }
        if (event.key === "Escape") show(0);
        if (!event.key.startsWith("Arrow")) return;
        event.preventDefault();
        const next = beside(number, event.key);
        if (next !== undefined) focus(next);
      };
    });
    drawn.querySelector(".icicle").onpointerleave = () => {
      const focused = cells.indexOf(document.activeElement);
      tell(focused < 0 ? opened : focused);
    };
    facts.hidden = false;
    tell(0);
  };

  const sortable = (section) => {
    const panels = [...section.querySelectorAll("[data-sortable]")];
    if (!panels.length) return;
    const bodies = panels.map((panel) => panel.tBodies[0]);
    const heads = panels.flatMap((panel) => [...panel.tHead.rows[0].cells]);
    const words = new Intl.Collator("en", { numeric: true });
    const compare = (one, other) => {
      if (!one.textContent || !other.textContent) return !one.textContent - !other.textContent;
      const orders = [one, other].map((cell) => cell.dataset.order);
      return orders.every(Boolean) ? orders[0] - orders[1] : words.compare(one.textContent, other.textContent);
    };
    const sort = (body, place, up) => {
      const cells = [...body.rows].map((row) => row.cells[place]);
      const order = [...cells.keys()].sort((one, other) => (up ? 1 : -1) * compare(cells[one], cells[other]));
      for (const each of bodies) {
        const rows = [...each.rows];
        each.append(...order.map((number) => rows[number]));
      }
    };
    for (const [number, panel] of panels.entries()) {
      let column = 0;
      for (const head of panel.tHead.rows[0].cells) {
        const place = column;
        column += head.colSpan;
        const button = make("button", head.textContent, { type: "button" });
        button.onclick = () => {
          const up = head.getAttribute("aria-sort") !== "ascending";
          for (const each of heads) each.removeAttribute("aria-sort");
          head.setAttribute("aria-sort", up ? "ascending" : "descending");
          sort(bodies[number], place, up);
        };
        head.replaceChildren(button);
      }
    }
    const [first] = bodies;
    if (first.rows.length < 6) return;
    const count = make("output", "");
    const field = make("input", "", { type: "search" });
    const label = make("label", "Only rows with ");
    field.oninput = () => {
      const wanted = field.value.toLowerCase();
      let left = 0;
      for (const number of [...first.rows].keys()) {
        const rows = bodies.map((body) => body.rows[number]);
        const has = rows.some((row) => row.textContent.toLowerCase().includes(wanted));
        for (const row of rows) row.hidden = !has;
        left += has;
      }
      count.textContent = wanted ? `${left} of ${first.rows.length} rows` : "";
    };
    label.append(field);
    const filter = make("div", "", { className: "filter" });
    filter.append(label, count);
    panels[0].closest(".scroll").before(filter);
  };

  const copy = () => {
    const code = document.querySelector("#command ~ pre");
    const button = make("button", "Copy", { type: "button" });
    button.onclick = () => navigator.clipboard.writeText(code.textContent.slice(2)).then(() => { button.textContent = "Copied"; });
    if (navigator.clipboard) code.after(button);
  };

  theme();
  copy();
  document.querySelectorAll("[data-drawn]").forEach(icicle);
  document.querySelectorAll("section").forEach(sortable);
})();
