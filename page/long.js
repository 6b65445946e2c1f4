let end = Infinity;
// Errors do not bubble. One comes as soon as a kind of file is shown that the browser cannot play, and again with each choice.
element.addEventListener("error", () => element.querySelector("[data-unplayable]")?.removeAttribute("hidden"), true);
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-start]");
  const player = element.querySelector("audio.player");
  if (!button || !player) return;
  end = Number.parseFloat(button.dataset.end);
  player.currentTime = Number.parseFloat(button.dataset.start);
  player.ontimeupdate = () => {
    if (player.currentTime < end) return;
    player.pause();
    end = Infinity;
  };
  player.play().catch(() => {});
  element.querySelectorAll("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  element.querySelectorAll(`button[data-row="${button.dataset.row}"]`).forEach((one) => one.setAttribute("aria-current", "true"));
});
