() => {
  // Gradio's own controls: what is read out begins with what is seen, and a button around another one is only its frame.
  const mend = () => {
    for (const button of document.querySelectorAll("button.playback, button.upload-container")) {
      const seen = button.innerText.replace(/\s+/g, " ").trim();
      const named = button.getAttribute("aria-label") ?? "";
      if (seen && !named.startsWith(seen)) button.setAttribute("aria-label", `${seen}. ${named}`);
    }
    for (const frame of document.querySelectorAll("button:has(button):not([role])")) {
      frame.setAttribute("role", "group");
      frame.setAttribute("tabindex", "-1");
    }
  };
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  mend();
}
