/* Triangle meshes: a tree of boxes around their triangles, built once, and what a ray hits first. */

#include <math.h>
#include <string.h>

#include "structures.h"

enum { LEAF = 4, DEEP = 64 }; /* triangles of a leaf; of the tree, at most: it is balanced */

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

/* Return where a ray enters a box, or `far` if it does not before that. */
static float enter(const struct node *node, const float from[3], const float inverse[3], float far) {
  float near = 0.0F, end = far;
  for (int axis = 0; axis < 3; axis++) {
    float a = (node->low[axis] - from[axis]) * inverse[axis], b = (node->high[axis] - from[axis]) * inverse[axis];
    near = most(near, least(a, b)), end = least(end, most(a, b));
  }
  return near <= end ? near : far;
}

static float hit_triangle(const float *triangle, const float from[3], const float way[3], float far) {
  const float *e = triangle + 3, *f = triangle + 6;
  float p[3] = {way[1] * f[2] - way[2] * f[1], way[2] * f[0] - way[0] * f[2], way[0] * f[1] - way[1] * f[0]};
  float volume = dot(e, p);
  if (volume == 0.0F) return far;
  float s[3] = {from[0] - triangle[0], from[1] - triangle[1], from[2] - triangle[2]}, inverse = 1.0F / volume;
  float u = dot(s, p) * inverse;
  if (u < 0.0F || u > 1.0F) return far;
  float q[3] = {s[1] * e[2] - s[2] * e[1], s[2] * e[0] - s[0] * e[2], s[0] * e[1] - s[1] * e[0]};
  float v = dot(way, q) * inverse, t = dot(f, q) * inverse;
  return v >= 0.0F && u + v <= 1.0F && t > 0.0F && t < far ? t : far;
}

/* Return how far a ray goes to the first triangle nearer than `far`, and its number; without one, `far`. With no place
   for the number any triangle will do. All is in the frame of the mesh. */
float hit_mesh(const struct mesh *mesh, const float from[3], const float way[3], float far, int *triangle) {
  struct { const struct node *node; float near; } later[DEEP];
  float inverse[3];
  int waiting = 0;
  for (int axis = 0; axis < 3; axis++) inverse[axis] = 1.0F / (fabsf(way[axis]) < 1e-12F ? 1e-12F : way[axis]);
  const struct node *node = mesh->nodes;
  if (enter(node, from, inverse, far) >= far) return far;
  for (;;) {
    if (node->count) {
      for (int i = node->first; i < node->first + node->count; i++) {
        float t = hit_triangle(mesh->triangles + 9 * i, from, way, far);
        if (t >= far) continue;
        far = t;
        if (!triangle) return far;
        *triangle = i;
      }
    } else {
      const struct node *one = mesh->nodes + node->first, *two = one + 1;
      float a = enter(one, from, inverse, far), b = enter(two, from, inverse, far);
      if (b < a) {
        const struct node *kept = one;
        one = two, two = kept;
        float near = a;
        a = b, b = near;
      }
      if (b < far) later[waiting].node = two, later[waiting++].near = b;
      if (a < far) {
        node = one;
        continue;
      }
    }
    do {
      if (!waiting) return far;
      node = later[--waiting].node;
    } while (later[waiting].near >= far);
  }
}
