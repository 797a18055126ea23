/** An SVG of the server as an element of the page, without anything that could do more than be looked at; null: it is none. */
export function pictureOf(text: string): SVGElement | null {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.localName !== "svg") return null;
  for (const element of parsed.querySelectorAll("script, foreignObject, iframe, style")) element.remove();
  for (const element of [parsed, ...parsed.querySelectorAll("*")]) {
    for (const name of element.getAttributeNames()) {
      if (/^on/i.test(name) || (/href$/i.test(name) && !element.getAttribute(name)!.startsWith("#"))) element.removeAttribute(name);
    }
  }
  return document.importNode(parsed, true) as unknown as SVGElement;
}

const SVG = "http://www.w3.org/2000/svg";

/** Puts beside each step how many callers are there. The title of a step's drawing is FLOW/STEP. */
export function mark(picture: SVGElement, flow: string, here: Readonly<Record<string, number>>): void {
  for (const old of picture.querySelectorAll(".here")) old.remove();
  for (const title of picture.querySelectorAll("g.node > title")) {
    const count = here[title.textContent?.replace(`${flow}/`, "") ?? ""];
    const node = title.parentElement as unknown as SVGGElement | null;
    if (!count || !node) continue;
    const { x, y, width } = node.getBBox();
    const mark = document.createElementNS(SVG, "g");
    mark.setAttribute("class", "here");
    const disc = document.createElementNS(SVG, "circle");
    const text = document.createElementNS(SVG, "text");
    for (const [name, value] of Object.entries({ cx: x + width, cy: y, r: 11 })) disc.setAttribute(name, String(value));
    for (const [name, value] of Object.entries({ x: x + width, y: y + 4, "text-anchor": "middle" })) text.setAttribute(name, String(value));
    text.textContent = String(count);
    mark.append(disc, text);
    node.append(mark);
  }
}
