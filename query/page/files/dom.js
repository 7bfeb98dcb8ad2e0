// Makes elements. Text is always text: nothing that events carry becomes markup.

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function unseen(text) {
  return h("span", { class: "unseen" }, text);
}

// Says something to those who listen to the page.
export function say(text) {
  document.getElementById("said").textContent = text;
}

// A row of buttons of which one is chosen.
export function choice(label, options, chosen, choose) {
  const buttons = options.map((option) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(option.id === chosen),
        "data-key": `${label} ${option.id}`,
        onclick: () => choose(option.id),
      },
      option.label,
    ),
  );
  return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

export function select(label, options, chosen, choose) {
  const list = h(
    "select",
    { "aria-label": label, "data-key": label, onchange: (event) => choose(event.target.value) },
    options.map((option) => h("option", { value: option.id, selected: option.id === chosen }, option.label)),
  );
  return list;
}
