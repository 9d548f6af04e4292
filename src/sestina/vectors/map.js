"use strict";

// A map of words on a canvas: moved by pointer, wheel, fingers and keys; names where there is room.
const data = JSON.parse(document.getElementById("data").textContent);
const { words, x, y, near, arrows, noun, axes, groups, group } = data;
const find = (id) => document.getElementById(id);
const canvas = find("map"), stage = canvas.parentElement, tip = find("tip"), search = find("search");
const pen = canvas.getContext("2d");
const goals = new Set(arrows.map((arrow) => arrow[1]));
const folded = words.map((word) => word.toLowerCase());
const FEW = words.length < 150;
const SIZE = arrows.length ? 14 : 12, MARGIN = 44, REACH = 14, LISTED = 8, DEEPEST = 400, CELL = 64;
const FAMILY = getComputedStyle(document.body).fontFamily, FONT = `${SIZE}px ${FAMILY}`;
const CAPTION = 13; // pixels of what is written along the axes
const widths = [], outlines = groups.map((one) => new Path2D(one[2]));
const view = { x: 0, y: 0, scale: 1 };
let width = 0, height = 0, whole = 1, colours = {}, names = [], drawing = false;
let hovered = -1, chosen = -1, hits = new Set();

const leftOf = (n) => (x[n] - view.x) * view.scale + width / 2;
const topOf = (n) => (view.y - y[n]) * view.scale + height / 2;
const range = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);

function fit() {
  const [west, east] = range(x), [south, north] = range(y);
  const across = (width - 2 * MARGIN) / (east - west || 1), up = (height - 2 * MARGIN) / (north - south || 1);
  whole = Math.max(Math.min(across, up), 0.01);
  Object.assign(view, { x: (west + east) / 2, y: (south + north) / 2, scale: whole });
  draw();
}

function zoom(factor, atX = width / 2, atY = height / 2) {
  const scale = Math.min(Math.max(view.scale * factor, whole / 4), whole * DEEPEST);
  const gain = 1 / view.scale - 1 / scale; // what lies under the pointer stays there
  view.x += (atX - width / 2) * gain;
  view.y -= (atY - height / 2) * gain;
  view.scale = scale;
  draw();
}

function move(right, down) {
  view.x -= right / view.scale;
  view.y += down / view.scale;
  draw();
}

function resize() {
  const first = !width, old = whole, before = view.scale;
  width = stage.clientWidth;
  height = stage.clientHeight;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const { x: keptX, y: keptY } = view;
  fit();
  if (!first) Object.assign(view, { x: keptX, y: keptY, scale: (before / old) * whole });
}

function wordAt(atX, atY) {
  const named = names.find(([, [l, t, w, h]]) => atX >= l && atX <= l + w && atY >= t && atY <= t + h);
  let best = -1, least = REACH;
  for (let n = 0; n < words.length; n++) {
    const away = Math.hypot(leftOf(n) - atX, topOf(n) - atY);
    if (away < least) { least = away; best = n; }
  }
  return best >= 0 && (least < 6 || !named) ? best : named ? named[0] : -1;
}

function element(tag, text, parent, style = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (style) made.className = style;
  parent.append(made);
  return made;
}

function hover(n, atX, atY) {
  canvas.classList.toggle("over", n >= 0);
  tip.hidden = n < 0;
  if (n !== hovered) {
    hovered = n;
    draw();
    tip.replaceChildren();
    if (n >= 0) {
      element("b", words[n], tip).dir = "auto";
      if (group[n] >= 0) element("em", groups[group[n]][0], tip);
      for (const [word, cosine] of near[n]) {
        const line = element("span", "", tip);
        element("bdi", word, line);
        element("i", cosine.toFixed(2), line);
      }
    }
  }
  if (n < 0) return;
  const right = atX + 16 + tip.offsetWidth > width ? atX - 16 - tip.offsetWidth : atX + 16;
  tip.style.left = `${Math.max(4, right)}px`;
  tip.style.top = `${Math.max(4, Math.min(atY + 12, height - tip.offsetHeight - 4))}px`;
}

function choose(n, centre) {
  chosen = n;
  const panel = find("chosen");
  panel.replaceChildren();
  find("hint").hidden = n >= 0;
  remember(n);
  if (n >= 0) {
    element("h2", words[n], panel).dir = "auto";
    if (group[n] >= 0) element("p", groups[group[n]][0], panel);
    if (near[n].length) element("p", "nearest neighbours, by cosine", panel);
    const list = element("ol", "", panel, "near");
    for (const [word, cosine, number] of near[n]) {
      const row = element("li", "", list);
      const name = element(number >= 0 ? "button" : "span", "", row, number >= 0 ? "" : "far");
      element("bdi", word, name);
      if (number >= 0) name.addEventListener("click", () => choose(number, true));
      element("i", cosine.toFixed(3), row);
      element("div", "", row, "bar").style.width = `${Math.max(0, cosine) * 100}%`;
    }
  }
  const inside = n >= 0 && Math.abs(leftOf(n) - width / 2) < width / 2 - MARGIN && Math.abs(topOf(n) - height / 2) < height / 2 - MARGIN;
  if (n >= 0 && centre && !(FEW && inside)) {
    Object.assign(view, { x: x[n], y: y[n], scale: FEW ? view.scale : Math.max(view.scale, 2 * whole) });
  }
  draw();
}

// the address of the page names the chosen word; inside another document it may not be changed
function remember(n) {
  try {
    history.replaceState(null, "", n >= 0 ? `#${encodeURIComponent(words[n])}` : "#");
  } catch { /* then the address stays as it is */ }
}

function remembered() {
  try {
    return words.indexOf(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return -1; // not an address of ours
  }
}

function look() {
  const asked = search.value.trim().toLowerCase(), list = find("hits");
  const starts = [], holds = [];
  if (asked) {
    folded.forEach((word, n) => {
      const place = word.indexOf(asked);
      if (place >= 0) (place ? holds : starts).push(n);
    });
    starts.sort((one, other) => folded[one].length - folded[other].length || one - other);
  }
  const found = [...starts, ...holds];
  hits = new Set(found);
  list.replaceChildren();
  for (const n of found.slice(0, LISTED)) {
    const button = element("button", "", element("li", "", list));
    element("bdi", words[n], button);
    button.addEventListener("click", () => take(n));
  }
  const many = found.length === 1 ? `1 ${noun} of the map matches` : `${found.length} ${noun}s of the map match`;
  find("count").textContent = !asked ? "" : found.length ? many : `no ${noun} of the map matches`;
  find("count").classList.toggle("unseen", found.length > 0);
  draw();
  return found;
}

function take(n) {
  search.value = words[n];
  hits = new Set();
  find("hits").replaceChildren();
  choose(n, true);
}

search.addEventListener("input", look);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") { const [best] = look(); if (best !== undefined) take(best); }
  if (event.key === "ArrowDown") { find("hits").querySelector("button")?.focus(); event.preventDefault(); }
  if (event.key === "Escape") { search.value = ""; look(); }
});
find("hits").addEventListener("keydown", (event) => {
  const item = document.activeElement.parentElement;
  const next = { ArrowDown: item.nextElementSibling, ArrowUp: item.previousElementSibling }[event.key];
  if (event.key === "Escape" || (event.key === "ArrowUp" && !next)) search.focus();
  if (next) next.firstChild.focus();
  if (event.key.startsWith("Arrow")) event.preventDefault();
});

const KEYS = {
  ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0), ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60),
  "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: fit, Home: fit,
  Escape: () => choose(-1, false),
  Enter: () => {
    const away = words.map((_, n) => Math.hypot(leftOf(n) - width / 2, topOf(n) - height / 2));
    choose(away.indexOf(Math.min(...away)), false);
  },
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  KEYS[event.key]();
  event.preventDefault();
});
find("in").addEventListener("click", () => zoom(1.5));
find("out").addEventListener("click", () => zoom(1 / 1.5));
find("whole").addEventListener("click", fit);

const fingers = new Map(); // pointers that are down, by number
let travelled = 0;
const local = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
const spread = () => {
  const [one, other] = fingers.values();
  return [Math.hypot(one[0] - other[0], one[1] - other[1]), (one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
};
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  if (!fingers.size) travelled = 0;
  fingers.set(event.pointerId, local(event));
  canvas.classList.add("moving");
});
canvas.addEventListener("pointermove", (event) => {
  const at = local(event), old = fingers.get(event.pointerId);
  if (!old) { hover(event.pointerType === "touch" ? -1 : wordAt(...at), ...at); return; }
  hover(-1, 0, 0);
  travelled += Math.hypot(at[0] - old[0], at[1] - old[1]);
  if (fingers.size === 2) {
    const [before, middleX, middleY] = spread();
    fingers.set(event.pointerId, at);
    const [after, nowX, nowY] = spread();
    move(nowX - middleX, nowY - middleY);
    zoom(after / Math.max(before, 1), nowX, nowY);
  } else {
    fingers.set(event.pointerId, at);
    if (fingers.size === 1) move(at[0] - old[0], at[1] - old[1]);
  }
});
const lift = (event) => {
  if (event.type === "pointerup" && fingers.size === 1 && travelled < 6) choose(wordAt(...local(event)), false);
  fingers.delete(event.pointerId);
  if (!fingers.size) canvas.classList.remove("moving");
};
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", () => hover(-1, 0, 0));
canvas.addEventListener("dblclick", (event) => zoom(2, ...local(event)));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * lines)) / 300), ...local(event));
}, { passive: false });

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);
new ResizeObserver(resize).observe(stage);
resize();
readColours();
choose(remembered(), true);
