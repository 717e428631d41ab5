// Forward kinematics, as in native/kinematics.c: a pose is a matrix of rows, then a position.

const BASE = 7; // numbers of a base: its position, its orientation x, y, z, w
const FIXED = 0, TURNS = 1, SLIDES = 2; // kinds of links
const HERE = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];

function multiply(a, b) {
  const out = new Array(12);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
    out[9 + i] = a[3 * i] * b[9] + a[3 * i + 1] * b[10] + a[3 * i + 2] * b[11] + a[9 + i];
  }
  return out;
}

function transform(pose, point) {
  return [0, 1, 2].map((i) => pose[3 * i] * point[0] + pose[3 * i + 1] * point[1] + pose[3 * i + 2] * point[2] + pose[9 + i]);
}

function basePose(row, at) {
  const [px, py, pz, x, y, z, w] = row.slice(at, at + BASE), n = 2 / (x * x + y * y + z * z + w * w);
  return [
    1 - n * (y * y + z * z), n * (x * y - z * w), n * (x * z + y * w),
    n * (x * y + z * w), 1 - n * (x * x + z * z), n * (y * z - x * w),
    n * (x * z - y * w), n * (y * z + x * w), 1 - n * (x * x + y * y),
    px, py, pz,
  ];
}

function jointPose(link, q) {
  const [x, y, z] = link.axis;
  if (link.kind === SLIDES) return [...HERE.slice(0, 9), x * q, y * q, z * q];
  if (link.kind !== TURNS) return HERE;
  const c = Math.cos(q), s = Math.sin(q), v = 1 - c;
  return [
    x * x * v + c, x * y * v - z * s, x * z * v + y * s,
    x * y * v + z * s, y * y * v + c, y * z * v - x * s,
    x * z * v - y * s, y * z * v + x * s, z * z * v + c,
    0, 0, 0,
  ];
}

// Return the poses of all links; a row holds bases and positions of joints.
function placeLinks(links, row) {
  const placed = [];
  for (const link of links) {
    const before = link.parent < 0 ? basePose(row, link.place) : placed[link.parent];
    placed.push(multiply(multiply(before, link.origin), jointPose(link, row[link.place])));
  }
  return placed;
}

function placeShapes(shapes, placed) {
  return shapes.map((shape) => (shape.owner < 0 ? shape.local : multiply(placed[shape.owner], shape.local)));
}

// Return a row between two frames: a body that jumps does not move in between.
function interpolate(table, bodies, frame, longest) {
  const first = Math.max(0, Math.min(table.rows - 1, Math.floor(frame))), next = Math.min(table.rows - 1, first + 1);
  const a = table.row(first), b = table.row(next), share = Math.min(1, Math.max(0, frame - first)), out = Array.from(a);
  for (const { start, stop } of bodies) {
    const jump = Math.hypot(b[start] - a[start], b[start + 1] - a[start + 1], b[start + 2] - a[start + 2]);
    const same = a[start + 3] * b[start + 3] + a[start + 4] * b[start + 4] + a[start + 5] * b[start + 5] + a[start + 6] * b[start + 6];
    if (jump > longest) continue;
    for (let i = start; i < stop; i++) {
      const end = same < 0 && i >= start + 3 && i < start + BASE ? -b[i] : b[i];
      out[i] = a[i] + share * (end - a[i]);
    }
  }
  return out;
}
