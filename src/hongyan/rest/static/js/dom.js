/** Making elements. Text only ever becomes text nodes: nothing in this page builds HTML from strings. */

import { t } from "./strings.js";

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element with attributes and children. `on…` takes a listener; true and false set or leave out an attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * An icon of the sheet in index.html; it says nothing, so its button needs a label.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * The element of the page with this id.
 * @template {typeof HTMLElement} T
 * @param {string} id
 * @param {T} [type]
 * @returns {InstanceType<T>}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof (type ?? HTMLElement))) throw new Error(`the page has no #${id}`);
  return /** @type {InstanceType<T>} */ (element);
}

/** Fills the strings into the page: `data-t` names the text, `data-t-…` the attribute `…`. */
export function translate() {
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.getAttribute("data-t") ?? "");
  for (const name of ["aria-label", "placeholder", "title"]) {
    for (const element of document.querySelectorAll(`[data-t-${name}]`)) {
      element.setAttribute(name, t(element.getAttribute(`data-t-${name}`) ?? ""));
    }
  }
}

/**
 * Makes the children of `parent` those of `items`, in order, touching only what differs: an element whose signature is
 * the same stays as it is, so focus, selection and scroll position stay too.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => string} signatureOf what it looks like
 * @param {(item: T) => HTMLElement} make
 */
export function reconcile(parent, items, keyOf, signatureOf, make) {
  const keys = new Set(items.map(keyOf));
  /** @type {Map<string, Element>} */
  const before = new Map();
  for (const child of [...parent.children]) {
    const key = child.getAttribute("data-key") ?? "";
    if (keys.has(key)) before.set(key, child);
    else child.remove();
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const [key, signature] = [keyOf(item), signatureOf(item)];
    const known = before.get(key);
    if (known && known === next) next = next.nextElementSibling;
    if (known?.getAttribute("data-signature") === signature) {
      if (known.nextElementSibling !== next) move(known, parent, next);
      continue;
    }
    const hadFocus = known?.contains(document.activeElement);
    known?.remove();
    const made = make(item);
    made.setAttribute("data-key", key);
    made.setAttribute("data-signature", signature);
    parent.insertBefore(made, next);
    if (hadFocus) made.querySelector("button")?.focus({ preventScroll: true });
  }
}

/**
 * Moving an element takes the focus from it: it gets it back.
 * @param {Element} element
 * @param {Element} parent
 * @param {Element | null} next
 */
function move(element, parent, next) {
  const focused = element.contains(document.activeElement) && document.activeElement;
  parent.insertBefore(element, next);
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

const HUES = 8;

/**
 * The picture of somebody: the first letter on a colour of their own.
 * @param {string} name
 * @param {boolean} group
 */
export function avatar(name, group) {
  // FNV-1a: names that differ little should differ in colour.
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  const [first] = new Intl.Segmenter().segment(name.trim() || "?");
  const letter = first.segment.toUpperCase();
  return el("span", { class: `avatar hue-${((hash ^ (hash >>> 16)) >>> 0) % HUES}${group ? " group" : ""}`, "aria-hidden": "true" }, letter);
}
