() => {
  const refusals = REFUSALS;
  const translate = () => document.querySelectorAll('[data-testid="toast-text"]').forEach((message) => {
    const words = refusals[document.querySelector("#language input:checked").value];
    const beginning = Object.keys(words).find((beginning) => message.textContent.startsWith(beginning));
    if (beginning) message.textContent = words[beginning];
  });
  new MutationObserver(translate).observe(document.body, { childList: true, subtree: true });
}
