element.addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (!button) return;
  const heading = button.parentElement;
  const column = [...heading.parentElement.children].indexOf(heading);
  const falling = heading.getAttribute("aria-sort") !== "descending";
  heading.parentElement.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const body = element.querySelector("tbody");
  const value = (row) => Number.parseFloat(row.children[column].dataset.value);
  const order = (a, b) => Number.isNaN(value(a)) - Number.isNaN(value(b)) || (falling ? value(b) - value(a) : value(a) - value(b));
  body.append(...[...body.rows].sort(order));
});
