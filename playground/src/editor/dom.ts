/** Elements for the parts of the editor that Preact does not render. Text is always text. */
type Child = Node | string | null;

export function element(name: string, properties: { className?: string; kind?: string } = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  if (properties.className) made.className = properties.className;
  if (properties.kind) made.dataset.kind = properties.kind;
  made.append(...children.filter((child) => child !== null));
  return made;
}
