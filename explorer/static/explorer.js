"use strict";

// A field that proposes what is meant while one types. Without scripts it is a plain field of its form.
function suggesting(field) {
  const list = document.createElement("ul");
  list.className = "options";
  list.id = `${field.id}-options`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Proposals");
  list.hidden = true;
  field.after(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  let active = -1;
  let asked = 0;
  let timer = 0;

  function close() {
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(option) {
    const id = option.dataset.id;
    close();
    if (field.dataset.go) {
      const address = new URLSearchParams({ dataset: field.dataset.dataset, [field.dataset.param]: id });
      window.location.assign(`${field.dataset.go}?${address}`);
    } else {
      field.value = id;
    }
  }

  function mark(place) {
    const options = list.children;
    if (active >= 0 && options[active]) options[active].setAttribute("aria-selected", "false");
    active = options.length ? (place + options.length) % options.length : -1;
    if (active < 0) return;
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", options[active].id);
  }

  function show(found) {
    list.replaceChildren(
      ...found.map((one, place) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${place}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.id = one.id;
        const name = document.createElement("bdi");
        name.textContent = one.name || one.id;
        option.append(name);
        if (one.name && one.name !== one.id) {
          const id = document.createElement("small");
          id.textContent = one.id;
          option.append(id);
        }
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          choose(option);
        });
        return option;
      }),
    );
    active = -1;
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(found.length > 0));
  }

  async function ask() {
    const mine = ++asked;
    const text = field.value.trim();
    if (!text) return close();
    const query = new URLSearchParams({ dataset: field.dataset.dataset, q: text });
    if (field.dataset.what) query.set("what", field.dataset.what);
    try {
      const answer = await fetch(`${field.dataset.suggest}?${query}`);
      if (answer.ok && mine === asked) show(await answer.json());
    } catch {
      close();
    }
  }

  field.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 120);
  });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? -1 : active - 1);
    else if (event.key === "Enter" && active >= 0) choose(list.children[active]);
    else return;
    event.preventDefault();
  });
}

// A page that could not be made asks now and then whether it can be, and loads itself again.
function waiting(note) {
  const ask = async () => {
    try {
      const answer = await fetch(note.dataset.wait);
      if (answer.ok) return window.location.reload();
    } catch {
      // the explorer itself is gone; perhaps it comes back too
    }
    window.setTimeout(ask, 2000);
  };
  window.setTimeout(ask, 1000);
}

// On a telephone a table is a list of rows without its head: each number says itself what it is.
function telling(table) {
  const heads = [...table.querySelectorAll("thead th")].map((one) => one.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, place) => {
      if (heads[place]) cell.dataset.says = heads[place];
    });
  }
}

document.querySelectorAll("table").forEach(telling);
document.querySelectorAll("[data-suggest]").forEach(suggesting);
document.querySelectorAll("[data-wait]").forEach(waiting);
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  const field = document.getElementById("find");
  if (event.key === "/" && !typing && field) {
    event.preventDefault();
    field.focus();
  }
});
