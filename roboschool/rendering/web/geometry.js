// Triangles of unit shapes: position, normal, and `cap`, the end of a capsule or cylinder that a corner belongs to.

const SPHERE = 0, CAPSULE = 1, CYLINDER = 2, BOX = 3, MESH = 4; // kinds of shapes
const AROUND = 28, DOWN = 7; // faces around a round shape; rings of half a sphere

function grid(rows, columns, corner) {
  const out = [];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (const [di, dj] of [[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]]) out.push(...corner(i + di, j + dj));
  return out;
}

function capsule() {
  const rings = [];
  for (let k = 0; k <= DOWN; k++) rings.push([(k * Math.PI) / 2 / DOWN, 1]);
  for (let k = 0; k <= DOWN; k++) rings.push([Math.PI / 2 + (k * Math.PI) / 2 / DOWN, -1]);
  return grid(rings.length - 1, AROUND, (i, j) => {
    const [angle, cap] = rings[i], turn = (2 * Math.PI * j) / AROUND;
    const n = [Math.sin(angle) * Math.cos(turn), Math.sin(angle) * Math.sin(turn), Math.cos(angle)];
    return [...n, ...n, cap];
  });
}

function cylinder() {
  const side = grid(1, AROUND, (i, j) => {
    const turn = (2 * Math.PI * j) / AROUND, n = [Math.cos(turn), Math.sin(turn), 0];
    return [...n, ...n, 1 - 2 * i];
  });
  for (const cap of [1, -1])
    side.push(...grid(1, AROUND, (i, j) => {
      const turn = (2 * Math.PI * j) / AROUND;
      return [i * Math.cos(turn), i * Math.sin(turn), 0, 0, 0, cap, cap];
    }));
  return side;
}

function box() {
  const out = [];
  for (let axis = 0; axis < 3; axis++)
    for (const sign of [1, -1])
      out.push(...grid(1, 1, (i, j) => {
        const p = [0, 0, 0], n = [0, 0, 0];
        p[axis] = n[axis] = sign;
        p[(axis + 1) % 3] = 2 * i - 1;
        p[(axis + 2) % 3] = 2 * j - 1;
        return [...p, ...n, 0];
      }));
  return out;
}

function mesh(corners, faces) {
  const out = [];
  for (let face = 0; face < faces.rows; face++) {
    const [a, b, c] = Array.from(faces.row(face), (number) => corners.row(number));
    const e = [0, 1, 2].map((i) => b[i] - a[i]), f = [0, 1, 2].map((i) => c[i] - a[i]);
    const n = [e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]];
    const length = Math.hypot(...n) || 1;
    for (const corner of [a, b, c]) out.push(...corner, ...n.map((part) => part / length), 0);
  }
  return out;
}
