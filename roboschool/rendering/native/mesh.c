/* Triangle meshes: a tree of boxes around their triangles, built once, and what a ray hits first. */

#include <math.h>
#include <string.h>

#include "structures.h"

enum { DEEP = 64 }; /* of the tree, at most: it is balanced */
static const float FLATTEST = 1e-12F; /* part of a direction, at least */

/* Compiled for wide vectors as well, which are used where the processor has them. The bits are the same: no sum is over
   rays. Sanitizers are not ready yet when the choice is made. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

struct build {
  const float *corners; /* (triangle, 3, 3) */
  int32_t *order;
  struct node *nodes;
  int used;
};

static float middle_of(const struct build *b, int triangle, int axis) {
  const float *c = b->corners + 9 * triangle + axis;
  return c[0] + c[3] + c[6];
}

/* Let the triangles with the smaller middles along an axis stand first, up to place `half`. */
static void divide(struct build *b, int first, int last, int half, int axis) {
  while (first < last) {
    float pivot = middle_of(b, b->order[(first + last) / 2], axis);
    int i = first, j = last;
    while (i <= j) {
      while (middle_of(b, b->order[i], axis) < pivot) i++;
      while (middle_of(b, b->order[j], axis) > pivot) j--;
      if (i > j) break;
      int32_t other = b->order[i];
      b->order[i++] = b->order[j];
      b->order[j--] = other;
    }
    if (half <= j)
      last = j;
    else if (half >= i)
      first = i;
    else
      return;
  }
}

/* Return half the surface of the box around some triangles. */
static float surface(const struct build *b, int first, int count) {
  float low[3] = {NEVER, NEVER, NEVER}, high[3] = {-NEVER, -NEVER, -NEVER};
  for (int i = first; i < first + count; i++)
    for (int axis = 0; axis < 3; axis++) {
      const float *c = b->corners + 9 * b->order[i] + axis;
      low[axis] = least(low[axis], least(c[0], least(c[3], c[6])));
      high[axis] = most(high[axis], most(c[0], most(c[3], c[6])));
    }
  float x = high[0] - low[0], y = high[1] - low[1], z = high[2] - low[2];
  return x * y + y * z + z * x;
}

static void grow(struct build *b, struct node *node, int first, int count) {
  float low[3] = {1e30F, 1e30F, 1e30F}, high[3] = {-1e30F, -1e30F, -1e30F};
  for (int axis = 0; axis < 3; axis++) node->low[axis] = 1e30F, node->high[axis] = -1e30F;
  for (int i = first; i < first + count; i++)
    for (int axis = 0; axis < 3; axis++) {
      const float *c = b->corners + 9 * b->order[i] + axis;
      float middle = middle_of(b, b->order[i], axis);
      node->low[axis] = least(node->low[axis], least(c[0], least(c[3], c[6])));
      node->high[axis] = most(node->high[axis], most(c[0], most(c[3], c[6])));
      low[axis] = least(low[axis], middle), high[axis] = most(high[axis], middle);
    }
  node->first = first / BLOCK, node->axis = 3;
  if (count <= BLOCK) return;
  int axis = 0;
  for (int other = 1; other < 3; other++)
    if (high[other] - low[other] > high[axis] - low[axis]) axis = other;
  int half = (count / 2 + BLOCK - 1) / BLOCK * BLOCK; /* so that all blocks but the last are full */
  float best = NEVER;
  for (int other = 0; other < 3; other++) {
    divide(b, first, first + count - 1, first + half, other);
    float cost = (float)half * surface(b, first, half) + (float)(count - half) * surface(b, first + half, count - half);
    if (cost < best) best = cost, axis = other;
  }
  divide(b, first, first + count - 1, first + half, axis);
  struct node *children = b->nodes + b->used;
  node->first = b->used, node->axis = axis;
  b->used += 2;
  grow(b, children, first, half);
  grow(b, children + 1, first + half, count - half);
}

/* Build the tree of a mesh with at least one triangle: corners (triangle, 3, 3); nodes, at most two for each triangle;
   blocks (block, 9, BLOCK) of zeros, as `struct mesh` has them; `order` is scratch. Return the number of nodes. */
int roboschool_build(const float *corners, int count, struct node *nodes, float *blocks, int32_t *order) {
  struct build b = {corners, order, nodes, 1};
  for (int i = 0; i < count; i++) order[i] = i;
  grow(&b, nodes, 0, count);
  for (int i = 0; i < count; i++) {
    const float *c = corners + 9 * order[i];
    float *own = blocks + 9 * BLOCK * (i / BLOCK) + i % BLOCK;
    for (int axis = 0; axis < 3; axis++) {
      own[BLOCK * axis] = c[axis];
      own[BLOCK * (3 + axis)] = c[3 + axis] - c[axis];
      own[BLOCK * (6 + axis)] = c[6 + axis] - c[axis];
    }
  }
  return b.used;
}

/* Rays of a packet whose directions have the same signs, so that it is known which sides of a box they meet first. */
struct sheaf {
  struct packet *rays;
  float inverse[3][PACKET];
  int backward[3];
};

/* Note which rays enter a box before their end; return whether any does. */
static inline int enter(const struct node *node, const struct sheaf *s, int32_t *inside) {
  const struct packet *p = s->rays;
  const float ax = s->backward[0] ? node->high[0] : node->low[0], bx = s->backward[0] ? node->low[0] : node->high[0];
  const float ay = s->backward[1] ? node->high[1] : node->low[1], by = s->backward[1] ? node->low[1] : node->high[1];
  const float az = s->backward[2] ? node->high[2] : node->low[2], bz = s->backward[2] ? node->low[2] : node->high[2];
  int any = 0;
  for (int i = 0; i < PACKET; i++) {
    float nx = (ax - p->x[i]) * s->inverse[0][i], fx = (bx - p->x[i]) * s->inverse[0][i];
    float ny = (ay - p->y[i]) * s->inverse[1][i], fy = (by - p->y[i]) * s->inverse[1][i];
    float nz = (az - p->z[i]) * s->inverse[2][i], fz = (bz - p->z[i]) * s->inverse[2][i];
    inside[i] = most(most(nx, ny), most(nz, 0.0F)) <= least(least(fx, fy), least(fz, p->far[i]));
    any |= inside[i];
  }
  return any;
}

/* Note the nearest triangle of a block that a ray of a packet hits, if it is nearer than what is known. Moeller and
   Trumbore 1997; what has no volume gives no number, which is in no range. */
static inline void hit_block(const float *block, int number, int i, struct packet *p) {
  const float *c = block, *e = block + 3 * BLOCK, *f = block + 6 * BLOCK;
  const float x = p->dx[i], y = p->dy[i], z = p->dz[i], far = p->far[i];
  float nearest[BLOCK];
  int any = 0;
  for (int k = 0; k < BLOCK; k++) {
    float ex = e[k], ey = e[BLOCK + k], ez = e[2 * BLOCK + k], fx = f[k], fy = f[BLOCK + k], fz = f[2 * BLOCK + k];
    float px = y * fz - z * fy, py = z * fx - x * fz, pz = x * fy - y * fx;
    float inverse = 1.0F / (ex * px + ey * py + ez * pz);
    float sx = p->x[i] - c[k], sy = p->y[i] - c[BLOCK + k], sz = p->z[i] - c[2 * BLOCK + k];
    float qx = sy * ez - sz * ey, qy = sz * ex - sx * ez, qz = sx * ey - sy * ex;
    float u = (sx * px + sy * py + sz * pz) * inverse, v = (x * qx + y * qy + z * qz) * inverse;
    float t = (fx * qx + fy * qy + fz * qz) * inverse;
    int hit = (u >= 0.0F) & (v >= 0.0F) & (u + v <= 1.0F) & (t > 0.0F) & (t < far);
    nearest[k] = hit ? t : NEVER;
    any |= hit;
  }
  if (!any) return;
  for (int k = 0; k < BLOCK; k++)
    if (nearest[k] < p->far[i]) p->far[i] = nearest[k], p->triangle[i] = number * BLOCK + k;
}

/* Take out the rays that have hit something; return whether some are left. */
static inline int take_out(struct packet *p) {
  int left = 0;
  for (int i = 0; i < PACKET; i++) {
    p->far[i] = p->triangle[i] < 0 ? p->far[i] : -1.0F;
    left |= p->far[i] >= 0.0F;
  }
  return left;
}

WIDE static void go_through(const struct mesh *mesh, struct sheaf *s, int any) {
  const struct node *later[DEEP], *node = mesh->nodes;
  int32_t inside[2][PACKET];
  int waiting = 0, own = 0; /* the row of `inside` that is the node's */
  if (!enter(node, s, inside[0])) return;
  while (node) {
    if (node->axis < 3) { /* of two children that are entered, the nearer comes first */
      const struct node *one = mesh->nodes + node->first + s->backward[node->axis];
      const struct node *two = mesh->nodes + node->first + !s->backward[node->axis];
      int first = enter(one, s, inside[0]), second = enter(two, s, inside[1]);
      if (first && second) later[waiting++] = two;
      own = !first;
      node = first ? one : two;
      if (first || second) continue;
    } else {
      for (int i = 0; i < PACKET; i++)
        if (inside[own][i]) hit_block(mesh->blocks + 9 * BLOCK * node->first, node->first, i, s->rays);
      if (any && !take_out(s->rays)) return;
    }
    for (node = 0, own = 0; waiting && !node;) node = enter(later[--waiting], s, inside[0]) ? later[waiting] : 0;
  }
}

/* Note the first triangle that each ray of a packet hits nearer than its `far`, and how far it is; with `any`, some
   triangle. All is in the frame of the mesh. */
void hit_mesh(const struct mesh *mesh, struct packet *p, int any) {
  const float *const ways[3] = {p->dx, p->dy, p->dz};
  struct sheaf s = {.rays = p};
  int signs[PACKET], left = p->count;
  float far[PACKET];
  for (int i = 0; i < PACKET; i++) {
    if (i >= p->count) p->x[i] = p->y[i] = p->z[i] = p->dx[i] = p->dy[i] = p->dz[i] = 0.0F, p->far[i] = -1.0F;
    signs[i] = (p->dx[i] < 0.0F) | (p->dy[i] < 0.0F) << 1 | (p->dz[i] < 0.0F) << 2;
    for (int axis = 0; axis < 3; axis++) {
      float way = ways[axis][i];
      s.inverse[axis][i] = 1.0F / (fabsf(way) < FLATTEST ? way < 0.0F ? -FLATTEST : FLATTEST : way);
    }
    p->triangle[i] = -1;
    far[i] = p->far[i];
  }
  for (int first = 0; left; first++) { /* the rays of each sign together */
    int own = signs[first], count = 0;
    if (own < 0) continue;
    for (int i = 0; i < PACKET; i++) {
      int taken = i < p->count && signs[i] == own;
      p->far[i] = taken ? far[i] : -1.0F;
      if (taken) signs[i] = -1, count++;
    }
    left -= count;
    for (int axis = 0; axis < 3; axis++) s.backward[axis] = own >> axis & 1;
    go_through(mesh, &s, any);
    for (int i = 0; i < PACKET; i++) far[i] = p->far[i] >= 0.0F ? p->far[i] : far[i];
  }
  for (int i = 0; i < PACKET; i++) p->far[i] = far[i];
}
