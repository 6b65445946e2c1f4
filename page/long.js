let end = Infinity;
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
  player.onseeking = null;
  player.play();
  element.querySelectorAll("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  element.querySelectorAll(`button[data-row="${button.dataset.row}"]`).forEach((one) => one.setAttribute("aria-current", "true"));
});
