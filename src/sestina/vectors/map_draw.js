// How a map is painted: points, arrows, captions of the axes, and names where there is room.

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "muted", "line", "point", "goal", "mark"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  colours.groups = [...Array(data.hues).keys()].map((n) => style.getPropertyValue(`--group-${n}`).trim());
  draw();
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; paint(); });
}

function paint() {
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const focus = hovered >= 0 ? hovered : chosen;
  const beside = focus < 0 ? [] : near[focus].map((row) => row[2]).filter((n) => n >= 0);
  arrows.forEach(([from, to]) => drawArrow(from, to, from === focus || to === focus));
  for (const n of beside) drawLine(focus, n);
  const seen = [...words.keys()].filter((n) => {
    const a = leftOf(n), b = topOf(n);
    return a > -8 && b > -8 && a < width + 8 && b < height + 8;
  });
  placeNames(seen, focus, beside);
  drawCaptions();
  for (const [n, box] of names) drawHalo(n, box);
  for (const n of seen) drawPoint(n, leftOf(n), topOf(n), focus, beside.includes(n));
  for (const [n, box] of names) drawName(n, box, n === focus || hits.has(n));
}

function drawPoint(n, a, b, focus, beside) {
  const marked = n === focus || hits.has(n);
  const radius = marked ? 5.5 : beside ? 4 : FEW || view.scale > 3 * whole ? 3 : 2;
  pen.globalAlpha = marked || beside ? 1 : 0.7;
  pen.fillStyle = marked ? colours.mark : colourOf(n);
  if (group[n] >= 0) {
    const size = radius + 1.5;
    pen.globalAlpha = 1;
    pen.translate(a, b);
    pen.scale(size, size);
    pen.fill(outlines[group[n]]);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  } else {
    pen.beginPath();
    pen.arc(a, b, radius, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
}

// where words have groups, what has none (columns) is drawn in ink
function colourOf(n) {
  if (group[n] >= 0) return colours.groups[groups[group[n]][1]];
  if (groups.length) return colours.ink;
  return goals.has(n) ? colours.goal : colours.point;
}

// what lies across and up, along the edges; names keep clear of it
function captionBoxes() {
  if (!axes) return [];
  pen.font = `${CAPTION}px ${FAMILY}`;
  const [across, up] = axes.map((text) => pen.measureText(text).width);
  return [[(width - across) / 2, height - 1.5 * CAPTION, across, 1.5 * CAPTION], [0, (height - up) / 2, 1.5 * CAPTION, up]];
}

function drawCaptions() {
  const [across, up] = captionBoxes();
  if (!across) return;
  pen.fillStyle = colours.muted;
  pen.textBaseline = "middle";
  pen.fillText(axes[0], across[0], height - 0.8 * CAPTION);
  pen.translate(0.8 * CAPTION, up[1] + up[3]);
  pen.rotate(-Math.PI / 2);
  pen.fillText(axes[1], 0, 0);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.font = FONT;
}

function drawLine(from, to) {
  pen.strokeStyle = colours.mark;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.55;
  pen.beginPath();
  pen.moveTo(leftOf(from), topOf(from));
  pen.lineTo(leftOf(to), topOf(to));
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawArrow(from, to, marked) {
  const dx = leftOf(to) - leftOf(from), dy = topOf(to) - topOf(from), length = Math.hypot(dx, dy);
  if (length < 18) return; // the two points all but coincide
  const ux = dx / length, uy = dy / length, endX = leftOf(to) - 6 * ux, endY = topOf(to) - 6 * uy;
  pen.strokeStyle = pen.fillStyle = marked ? colours.mark : colours.muted;
  pen.lineWidth = marked ? 2.4 : 1.4;
  pen.globalAlpha = marked ? 1 : 0.75;
  pen.beginPath();
  pen.moveTo(leftOf(from) + 5 * ux, topOf(from) + 5 * uy);
  pen.lineTo(endX - 7 * ux, endY - 7 * uy);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(endX, endY);
  pen.lineTo(endX - 9 * ux - 4 * uy, endY - 9 * uy + 4 * ux);
  pen.lineTo(endX - 9 * ux + 4 * uy, endY - 9 * uy - 4 * ux);
  pen.fill();
  pen.globalAlpha = 1;
}

// rectangles [left, top, width, height], found by the cells of a grid that they touch
class Boxes {
  cells = new Map();
  *near([l, t, w, h]) {
    for (let row = Math.floor(t / SIZE); row <= Math.floor((t + h) / SIZE); row++) {
      for (let column = Math.floor(l / CELL); column <= Math.floor((l + w) / CELL); column++) yield row * 65536 + column;
    }
  }
  add(box) {
    for (const cell of this.near(box)) this.cells.has(cell) ? this.cells.get(cell).push(box) : this.cells.set(cell, [box]);
  }
  free(box) {
    const [l, t, w, h] = box;
    for (const cell of this.near(box)) {
      for (const [l2, t2, w2, h2] of this.cells.get(cell) ?? []) {
        if (l < l2 + w2 && l2 < l + w && t < t2 + h2 && t2 < t + h) return false;
      }
    }
    return true;
  }
}

// what names had better not cover: points, and arrows step by step
function obstacles(seen) {
  const boxes = new Boxes();
  for (const n of seen) boxes.add([leftOf(n) - 3, topOf(n) - 3, 6, 6]);
  for (const [from, to] of arrows) {
    const dx = leftOf(to) - leftOf(from), dy = topOf(to) - topOf(from), steps = Math.min(Math.hypot(dx, dy) / 5, 2000);
    for (let step = 2; step < steps - 1; step++) {
      boxes.add([leftOf(from) + (dx * step) / steps - 2, topOf(from) + (dy * step) / steps - 2, 4, 4]);
    }
  }
  return boxes;
}

// names go to the word under the pointer, its neighbours, what was found, then by frequency
function placeNames(seen, focus, beside) {
  const first = [focus, ...beside, ...hits].filter((n) => n >= 0);
  const taken = new Boxes(), covered = obstacles(seen);
  names = [];
  captionBoxes().forEach((box) => taken.add(box));
  pen.font = FONT;
  for (const n of new Set([...first, ...seen])) {
    const free = places(n).filter((box) => taken.free(box));
    const box = free.find((some) => covered.free(some)) ?? free[0];
    if (!box) continue;
    taken.add(box);
    names.push([n, box]);
  }
}

function drawHalo(n, [l, t, , h]) {
  pen.strokeStyle = colours.paper;
  pen.lineWidth = 3.5;
  pen.lineJoin = "round";
  pen.textBaseline = "middle";
  pen.strokeText(words[n], l, t + h / 2);
}

function drawName(n, [l, t, , h], marked) {
  const plain = arrows.length || groups.length ? colourOf(n) : colours.ink;
  pen.fillStyle = marked ? colours.mark : plain;
  pen.fillText(words[n], l, t + h / 2);
}

function places(n) {
  const a = leftOf(n), b = topOf(n), w = (widths[n] ??= pen.measureText(words[n]).width + 2), h = SIZE * 1.25;
  if (a < 0 || b < 0 || a > width || b > height) return [];
  const low = b - h / 2, high = b - h - 3, deep = b + 3;
  const around = [[a + 7, low], [a - 6 - w, low], [a - w / 2, high - 1], [a - w / 2, deep + 1],
    [a + 5, high], [a + 5, deep], [a - 5 - w, high], [a - 5 - w, deep]];
  return around.filter(([l, t]) => l >= 0 && t >= 0 && l + w <= width && t + h <= height).map(([l, t]) => [l, t, w, h]);
}
