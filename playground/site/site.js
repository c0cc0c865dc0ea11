// The theme, which the playground on this page shares, and examples that become editors when they are asked to.
const key = "lockstep-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const apply = () => {
  const chosen = localStorage.getItem(key);
  document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
};
dark.addEventListener("change", apply);
addEventListener("storage", apply);
apply();

for (const link of document.querySelectorAll("a.try")) {
  link.addEventListener("click", (event) => {
    // With a modifier it opens as any link.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const frame = document.createElement("iframe");
    frame.src = link.href;
    frame.title = "The example in the playground";
    link.closest("figure").replaceChildren(frame);
    frame.focus();
  });
}
