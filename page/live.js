const stopButton = () => document.querySelector("#microphone .stop-button");

// Who is refused stops streaming, so that others find a place.
watch("value", () => {
  if (element.querySelector("[data-refused]")) stopButton()?.click();
});

// A press of Record before Gradio has loaded its encoder fails, and Stop shows for good: it is pressed anew until it works.
window.addEventListener("unhandledrejection", (event) => {
  const stop = stopButton();
  if (!stop || !/not a constructor/.test(event.reason?.message)) return;
  event.preventDefault();
  stop.click();
  setTimeout(() => document.querySelector("#microphone .record-button")?.click(), 500);
});
