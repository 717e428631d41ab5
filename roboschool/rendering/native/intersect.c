/* Finds what rays from the eye hit. All rays of a batch are treated alike, so that compilers use vector instructions.

   Distances from axes and centres are computed before they are compared with radii: that is exact enough for what is
   small and far away. */

#include <math.h>

#include "structures.h"

static const float NEAR = 0.01F; /* nothing is seen nearer to the eye [m] */
static const float TINY = 1e-12F;

static void hit_ball(const struct solid *s, int id, struct batch *b) {
  const float x = s->centre[0], y = s->centre[1], z = s->centre[2], square = s->half[0] * s->half[0];
  for (int i = 0; i < b->count; i++) {
    float dx = b->dx[i], dy = b->dy[i], dz = b->dz[i];
    float a = 1.0F / (dx * dx + dy * dy + dz * dz), t = (dx * x + dy * y + dz * z) * a;
    float qx = x - dx * t, qy = y - dy * t, qz = z - dz * t, rest = (square - qx * qx - qy * qy - qz * qz) * a;
    float near = t - sqrtf(most(rest, 0.0F));
    int hit = (rest > 0.0F) & (near > NEAR) & (near < b->t[i]);
    b->t[i] = hit ? near : b->t[i];
    b->id[i] = hit ? id : b->id[i];
  }
}

static void hit_capsule(const struct solid *s, int id, struct batch *b) {
  const float *r = s->turn, x = s->eye[0], y = s->eye[1], z = s->eye[2], half = s->half[2];
  const float square = s->half[0] * s->half[0];
  for (int i = 0; i < b->count; i++) {
    float wx = b->dx[i], wy = b->dy[i], wz = b->dz[i];
    float dx = r[0] * wx + r[3] * wy + r[6] * wz, dy = r[1] * wx + r[4] * wy + r[7] * wz;
    float dz = r[2] * wx + r[5] * wy + r[8] * wz;
    float a = 1.0F / most(dx * dx + dy * dy, TINY), aside = x * dy - y * dx;
    float rest = square * (dx * dx + dy * dy) - aside * aside;
    float side = (-(x * dx + y * dy) - sqrtf(most(rest, 0.0F))) * a, h = z + side * dz;
    float end = z - (h > 0.0F ? half : -half); /* the eye as seen from the nearer cap */
    float c = 1.0F / (dx * dx + dy * dy + dz * dz), t = -(dx * x + dy * y + dz * end) * c;
    float qx = x + dx * t, qy = y + dy * t, qz = end + dz * t, left = (square - qx * qx - qy * qy - qz * qz) * c;
    float cap = t - sqrtf(most(left, 0.0F));
    int on_side = fabsf(h) <= half;
    float near = on_side ? side : cap, touched = on_side ? rest : left;
    int hit = (touched > 0.0F) & (near > NEAR) & (near < b->t[i]);
    b->t[i] = hit ? near : b->t[i];
    b->id[i] = hit ? id : b->id[i];
  }
}

static void hit_cylinder(const struct solid *s, int id, struct batch *b) {
  const float *r = s->turn, x = s->eye[0], y = s->eye[1], z = s->eye[2], half = s->half[2];
  const float square = s->half[0] * s->half[0];
  for (int i = 0; i < b->count; i++) {
    float wx = b->dx[i], wy = b->dy[i], wz = b->dz[i];
    float dx = r[0] * wx + r[3] * wy + r[6] * wz, dy = r[1] * wx + r[4] * wy + r[7] * wz;
    float dz = r[2] * wx + r[5] * wy + r[8] * wz;
    dz = fabsf(dz) < TINY ? TINY : dz;
    float a = 1.0F / most(dx * dx + dy * dy, TINY), aside = x * dy - y * dx;
    float rest = square * (dx * dx + dy * dy) - aside * aside;
    float middle = -(x * dx + y * dy) * a, root = sqrtf(most(rest, 0.0F)) * a;
    float m = 1.0F / dz, centre = -z * m, reach = half * fabsf(m);
    float side = middle - root, cap = centre - reach;
    float near = most(side, cap), far = least(middle + root, centre + reach);
    int hit = (rest > 0.0F) & (near < far) & (near > NEAR) & (near < b->t[i]);
    b->t[i] = hit ? near : b->t[i];
    b->id[i] = hit ? id + (cap > side ? (dz < 0.0F ? 1 : 2) : 0) : b->id[i];
  }
}

static void hit_box(const struct solid *s, int id, struct batch *b) {
  const float *r = s->turn, x = s->eye[0], y = s->eye[1], z = s->eye[2];
  const float hx = s->half[0], hy = s->half[1], hz = s->half[2];
  for (int i = 0; i < b->count; i++) {
    float wx = b->dx[i], wy = b->dy[i], wz = b->dz[i];
    float dx = r[0] * wx + r[3] * wy + r[6] * wz, dy = r[1] * wx + r[4] * wy + r[7] * wz;
    float dz = r[2] * wx + r[5] * wy + r[8] * wz;
    dx = fabsf(dx) < TINY ? TINY : dx, dy = fabsf(dy) < TINY ? TINY : dy, dz = fabsf(dz) < TINY ? TINY : dz;
    float mx = 1.0F / dx, my = 1.0F / dy, mz = 1.0F / dz;
    float cx = -x * mx, cy = -y * my, cz = -z * mz, kx = hx * fabsf(mx), ky = hy * fabsf(my), kz = hz * fabsf(mz);
    float nx = cx - kx, ny = cy - ky, nz = cz - kz;
    float near = most(most(nx, ny), nz), far = least(least(cx + kx, cy + ky), cz + kz);
    int face = nx >= near ? (dx > 0.0F ? 0 : 1) : ny >= near ? (dy > 0.0F ? 2 : 3) : (dz > 0.0F ? 4 : 5);
    int hit = (near < far) & (near > NEAR) & (near < b->t[i]);
    b->t[i] = hit ? near : b->t[i];
    b->id[i] = hit ? id + face : b->id[i];
  }
}

/* A mesh is one face; its normals are noted at once. */
static void note_triangle(const struct solid *s, int id, int triangle, float t, int i, struct batch *b) {
  const float *own = s->mesh->blocks + 9 * BLOCK * (triangle / BLOCK) + triangle % BLOCK;
  const float way[3] = {b->dx[i], b->dy[i], b->dz[i]};
  float e[3], f[3], out[3];
  for (int axis = 0; axis < 3; axis++) e[axis] = own[BLOCK * (3 + axis)], f[axis] = own[BLOCK * (6 + axis)];
  const float normal[3] = {e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]};
  turn_out(s->turn, normal, out);
  float sign = dot(out, way) > 0.0F ? -1.0F : 1.0F, length = sign / sqrtf(most(dot(out, out), 1e-30F));
  b->t[i] = t, b->id[i] = id;
  b->mx[i] = out[0] * length, b->my[i] = out[1] * length, b->mz[i] = out[2] * length;
}

static void hit_tree(const struct solid *s, int id, struct batch *b) {
  const float *r = s->turn;
  for (int first = 0; first < b->count; first += PACKET) {
    struct packet p = {.count = PACKET};
    for (int k = 0; k < PACKET; k++) {
      float x = b->dx[first + k], y = b->dy[first + k], z = b->dz[first + k];
      p.x[k] = s->eye[0], p.y[k] = s->eye[1], p.z[k] = s->eye[2], p.far[k] = b->t[first + k];
      p.dx[k] = r[0] * x + r[3] * y + r[6] * z, p.dy[k] = r[1] * x + r[4] * y + r[7] * z;
      p.dz[k] = r[2] * x + r[5] * y + r[8] * z;
    }
    hit_mesh(s->mesh, &p, 0);
    for (int k = 0; k < PACKET; k++) {
      if (p.triangle[k] >= 0 && p.far[k] >= NEAR) note_triangle(s, id, p.triangle[k], p.far[k], first + k, b);
    }
  }
}

static void find_normal(const struct solid *s, int face, int i, struct batch *b) {
  float v[3] = {b->px[i] - s->centre[0], b->py[i] - s->centre[1], b->pz[i] - s->centre[2]}, n[3] = {0.0F}, out[3];
  if (s->kind == BOX)
    n[face / 2] = face % 2 ? 1.0F : -1.0F;
  else if (s->kind == CYLINDER && face)
    n[2] = face == 1 ? 1.0F : -1.0F;
  else {
    turn_back(s->turn, v, n);
    n[2] = s->kind == SPHERE ? n[2] : s->kind == CYLINDER ? 0.0F : n[2] - within(n[2], -s->half[2], s->half[2]);
    for (int k = 0; k < 3; k++) n[k] /= s->half[0];
  }
  turn_out(s->turn, n, out);
  b->nx[i] = out[0], b->ny[i] = out[1], b->nz[i] = out[2];
}

/* Find what is nearest among some solids: how far it is, and its id. */
void trace(const struct solid *solids, const int *which, int count, struct batch *b) {
  for (int k = 0; k < count; k++) {
    const struct solid *s = solids + which[k];
    int id = which[k] * FACES;
    switch (s->kind) {
    case SPHERE: hit_ball(s, id, b); break;
    case CAPSULE: hit_capsule(s, id, b); break;
    case CYLINDER: hit_cylinder(s, id, b); break;
    case BOX: hit_box(s, id, b); break;
    default: hit_tree(s, id, b);
    }
  }
}

/* Write positions, normals and colours where solids have been hit. */
void dress(const struct solid *solids, struct batch *b) {
  for (int i = 0; i < b->count; i++) {
    if (b->id[i] < 0) continue;
    const struct solid *s = solids + b->id[i] / FACES;
    b->px[i] = b->dx[i] * b->t[i], b->py[i] = b->dy[i] * b->t[i], b->pz[i] = b->dz[i] * b->t[i];
    if (s->kind >= MESH)
      b->nx[i] = b->mx[i], b->ny[i] = b->my[i], b->nz[i] = b->mz[i];
    else
      find_normal(s, b->id[i] % FACES, i, b);
    b->red[i] = s->colour[0], b->green[i] = s->colour[1], b->blue[i] = s->colour[2], b->haze[i] = 0.0F;
  }
}
