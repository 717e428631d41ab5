/* Triangle meshes: a tree of boxes around their triangles, built once, and what a ray hits first. */

#include <math.h>
#include <string.h>

#include "structures.h"

enum { LEAF = 8, DEEP = 64 }; /* triangles of a leaf; of the tree, at most: it is balanced */

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
  node->first = first, node->count = count;
  if (count <= LEAF) return;
  int axis = 0;
  for (int other = 1; other < 3; other++)
    if (high[other] - low[other] > high[axis] - low[axis]) axis = other;
  int half = count / 2;
  divide(b, first, first + count - 1, first + half, axis);
  struct node *children = b->nodes + b->used;
  node->first = b->used, node->count = 0;
  b->used += 2;
  grow(b, children, first, half);
  grow(b, children + 1, first + half, count - half);
}

/* Build the tree of a mesh with at least one triangle: corners (triangle, 3, 3); nodes, at most two for each triangle;
   triangles (triangle, 9) as `struct mesh` has them; `order` is scratch. Return the number of nodes. */
int roboschool_build(const float *corners, int count, struct node *nodes, float *triangles, int32_t *order) {
  struct build b = {corners, order, nodes, 1};
  for (int i = 0; i < count; i++) order[i] = i;
  grow(&b, nodes, 0, count);
  for (int i = 0; i < count; i++) {
    const float *c = corners + 9 * order[i];
    for (int axis = 0; axis < 3; axis++) {
      triangles[9 * i + axis] = c[axis];
      triangles[9 * i + 3 + axis] = c[3 + axis] - c[axis];
      triangles[9 * i + 6 + axis] = c[6 + axis] - c[axis];
    }
  }
  return b.used;
}

/* Return whether any ray of a packet enters a box before its end. */
static inline int enter(const struct node *node, const struct packet *p, float inverse[3][PACKET]) {
  int any = 0;
  for (int i = 0; i < PACKET; i++) {
    float ax = (node->low[0] - p->x[i]) * inverse[0][i], bx = (node->high[0] - p->x[i]) * inverse[0][i];
    float ay = (node->low[1] - p->y[i]) * inverse[1][i], by = (node->high[1] - p->y[i]) * inverse[1][i];
    float az = (node->low[2] - p->z[i]) * inverse[2][i], bz = (node->high[2] - p->z[i]) * inverse[2][i];
    float near = most(most(least(ax, bx), least(ay, by)), most(least(az, bz), 0.0F));
    float end = least(least(most(ax, bx), most(ay, by)), least(most(az, bz), p->far[i]));
    any |= near <= end;
  }
  return any;
}

/* Moeller and Trumbore 1997; what has no volume gives no number, which is in no range. */
static inline void hit_triangle(const float *triangle, int number, struct packet *p) {
  const float *e = triangle + 3, *f = triangle + 6;
  for (int i = 0; i < PACKET; i++) {
    float x = p->dx[i], y = p->dy[i], z = p->dz[i];
    float px = y * f[2] - z * f[1], py = z * f[0] - x * f[2], pz = x * f[1] - y * f[0];
    float inverse = 1.0F / (e[0] * px + e[1] * py + e[2] * pz);
    float sx = p->x[i] - triangle[0], sy = p->y[i] - triangle[1], sz = p->z[i] - triangle[2];
    float qx = sy * e[2] - sz * e[1], qy = sz * e[0] - sx * e[2], qz = sx * e[1] - sy * e[0];
    float u = (sx * px + sy * py + sz * pz) * inverse, v = (x * qx + y * qy + z * qz) * inverse;
    float t = (f[0] * qx + f[1] * qy + f[2] * qz) * inverse;
    int hit = (u >= 0.0F) & (v >= 0.0F) & (u + v <= 1.0F) & (t > 0.0F) & (t < p->far[i]);
    p->far[i] = hit ? t : p->far[i];
    p->triangle[i] = hit ? number : p->triangle[i];
  }
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

/* Note the first triangle that each ray of a packet hits nearer than its `far`, and how far it is; with `any`, some
   triangle. All is in the frame of the mesh. */
WIDE void hit_mesh(const struct mesh *mesh, struct packet *p, int any) {
  const struct node *later[DEEP];
  float inverse[3][PACKET];
  int waiting = 0;
  for (; p->count < PACKET; p->count++) {
    int i = p->count;
    p->x[i] = p->x[0], p->y[i] = p->y[0], p->z[i] = p->z[0], p->far[i] = -1.0F;
    p->dx[i] = p->dx[0], p->dy[i] = p->dy[0], p->dz[i] = p->dz[0];
  }
  for (int i = 0; i < PACKET; i++) {
    inverse[0][i] = 1.0F / (fabsf(p->dx[i]) < 1e-12F ? 1e-12F : p->dx[i]);
    inverse[1][i] = 1.0F / (fabsf(p->dy[i]) < 1e-12F ? 1e-12F : p->dy[i]);
    inverse[2][i] = 1.0F / (fabsf(p->dz[i]) < 1e-12F ? 1e-12F : p->dz[i]);
    p->triangle[i] = -1;
  }
  later[waiting++] = mesh->nodes;
  while (waiting) {
    const struct node *node = later[--waiting];
    if (!enter(node, p, inverse)) continue;
    if (node->count) {
      for (int i = node->first; i < node->first + node->count; i++) hit_triangle(mesh->triangles + 9 * i, i, p);
      if (any && !take_out(p)) return;
      continue;
    }
    const struct node *one = mesh->nodes + node->first, *two = one + 1; /* the nearer comes first */
    float ahead = (two->low[0] + two->high[0] - one->low[0] - one->high[0]) * p->dx[0] +
                  (two->low[1] + two->high[1] - one->low[1] - one->high[1]) * p->dy[0] +
                  (two->low[2] + two->high[2] - one->low[2] - one->high[2]) * p->dz[0];
    later[waiting++] = ahead > 0.0F ? two : one;
    later[waiting++] = ahead > 0.0F ? one : two;
  }
}
