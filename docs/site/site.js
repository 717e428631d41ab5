// Sorts a table by the column whose heading is pressed, and filters its rows. Without it the page reads as it is.
"use strict";

function valueOf(row, column, numeric) {
  const cell = row.cells[column];
  return numeric ? Number(cell.dataset.value) : cell.textContent.trim().toLowerCase();
}

function sort(table, heading) {
  const column = heading.cellIndex;
  const numeric = heading.dataset.kind === "number";
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row, place) => ({ row, place, value: valueOf(row, column, numeric) }));
  keyed.sort((a, b) => {
    const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
    return (down ? -order : order) || a.place - b.place;
  });
  body.append(...keyed.map((each) => each.row));
}

function filter(table, tools) {
  const words = tools.querySelector("[data-filter]").value.toLowerCase().split(/\s+/).filter(Boolean);
  const status = tools.querySelector("[data-status]").value;
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    row.searched ??= row.textContent.toLowerCase();
    const fits = words.every((word) => row.searched.includes(word)) && (!status || row.dataset.status === status);
    row.hidden = !fits;
    shown += fits;
  }
  tools.querySelector("[data-count]").textContent = `${shown} rows`;
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  for (const heading of table.tHead.rows[0].cells) {
    heading.querySelector("button").addEventListener("click", () => sort(table, heading));
  }
  const tools = table.closest(".wide").previousElementSibling;
  tools.addEventListener("input", () => filter(table, tools));
}
