// Who is refused stops streaming, so that others find a place.
watch("value", () => {
  if (element.querySelector("[data-refused]")) document.querySelector("#microphone .stop-button")?.click();
});
