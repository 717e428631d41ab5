/* Where shapes are: forward kinematics of many worlds at once. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "structures.h"

enum { POSE = 12, BASE = 7 }; /* numbers of a pose: a matrix, a position; of a base: a position, a quaternion */

static void multiply(const double a[POSE], const double b[POSE], double out[POSE]) {
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++)
      out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
    out[9 + i] = a[3 * i] * b[9] + a[3 * i + 1] * b[10] + a[3 * i + 2] * b[11] + a[9 + i];
  }
}

static void read_base(const double *row, double out[POSE]) {
  double x = row[3], y = row[4], z = row[5], w = row[6], n = 2.0 / (x * x + y * y + z * z + w * w);
  const double turn[9] = {1.0 - n * (y * y + z * z), n * (x * y - z * w),       n * (x * z + y * w),
                          n * (x * y + z * w),       1.0 - n * (x * x + z * z), n * (y * z - x * w),
                          n * (x * z - y * w),       n * (y * z + x * w),       1.0 - n * (x * x + y * y)};
  memcpy(out, turn, sizeof turn);
  memcpy(out + 9, row, 3 * sizeof *row);
}

static void read_joint(const struct link *link, double q, double out[POSE]) {
  static const double still[POSE] = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0};
  const double *a = link->axis;
  memcpy(out, still, sizeof still);
  if (link->kind == 2)
    for (int i = 0; i < 3; i++) out[9 + i] = a[i] * q;
  if (link->kind != 1) return;
  double c = cos(q), s = sin(q);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) out[3 * i + j] = a[i] * a[j] * (1.0 - c) + (i == j ? c : 0.0);
  out[1] -= a[2] * s, out[2] += a[1] * s, out[3] += a[2] * s;
  out[5] -= a[0] * s, out[6] -= a[1] * s, out[7] += a[0] * s;
}

/* Write the poses of links and shapes of worlds: rows are (world, columns), links (world, link, POSE), poses
   (world, shape, POSE). A parent stands before its children; `owners` are the links of the shapes. */
void roboschool_place(int worlds, const double *rows, int columns, const struct link *links, int count, double *placed,
                      const int32_t *owners, const double *local, int shapes, double *poses) {
  for (int world = 0; world < worlds; world++, rows += columns, placed += count * POSE, poses += shapes * POSE) {
    for (int i = 0; i < count; i++) {
      double joint[POSE], turned[POSE];
      const struct link *link = links + i;
      if (link->parent < 0)
        read_base(rows + link->place, turned);
      else
        multiply(placed + link->parent * POSE, link->origin, turned);
      if (link->parent < 0)
        multiply(turned, link->origin, placed + i * POSE);
      else {
        read_joint(link, link->kind ? rows[link->place] : 0.0, joint);
        multiply(turned, joint, placed + i * POSE);
      }
    }
    for (int i = 0; i < shapes; i++) {
      if (owners[i] < 0)
        memcpy(poses + i * POSE, local + i * POSE, POSE * sizeof *poses);
      else
        multiply(placed + owners[i] * POSE, local + i * POSE, poses + i * POSE);
    }
  }
}
