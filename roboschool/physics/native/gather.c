/* What tasks see of props, of other robots and of contacts: the bits of `GameRules.gather`. */

#include <math.h>
#include <string.h>

#include "structures.h"

enum { DIRECTION = 3, MOVING = 5, PITCH = 9 }; /* columns of a `BodyState` */
enum { BODY = 9, CONTACT = 7 };                /* numbers of `Bodies` and of `Contacts` */

/* Write position, velocity and x axis of a trunk in the world. */
static void write_body(const double *trunk, double *body) {
  const double left = trunk[DIRECTION], forward = trunk[DIRECTION + 1], level = cos(trunk[PITCH]);
  const double *v = trunk + MOVING;
  memcpy(body, trunk, 3 * sizeof(double));
  body[3] = forward * v[0] + left * v[1], body[4] = forward * v[1] - left * v[0], body[5] = v[2];
  body[6] = forward * level, body[7] = -left * level, body[8] = -sin(trunk[PITCH]);
}

static double along(const double *v, const double *normal) {
  return v[0] * normal[0] + v[1] * normal[1] + v[2] * normal[2];
}

/* Write one of the `Contacts` of a robot: its own velocity and the other's are those before the timestep. */
static void write_contact(const double *sums, const double *own, const double *its, double substeps, double *contact) {
  const double *v = sums + 2, length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), by = length > 0.0 ? length : 1.0;
  double *normal = contact + 2;
  contact[0] = sums[0] / substeps, contact[1] = sums[1] / substeps;
  for (int axis = 0; axis < 3; axis++) normal[axis] = v[axis] / by;
  const double mine = along(own, normal);
  contact[5] = -mine, contact[6] = along(its, normal) - mine;
}

static void gather(const struct gathering *g, int world) {
  static const double still[3] = {0.0, 0.0, 0.0};
  const int n = g->agents, touched = n + g->props + 1;
  double *bodies = row_of(&g->bodies, world), *upright = row_of(&g->upright, world);
  const double *before = row_of(&g->before, world), *props = row_of(&g->prop_bodies, world);
  const double *props_before = row_of(&g->props_before, world), *sums = row_of(&g->sums, world);
  for (int a = 0; a < n; a++) {
    const double *row = row_of(&g->seats[a].state, world);
    if (g->moving) write_body(row, bodies + BODY * a);
    else memcpy(bodies + BODY * a, row, 3 * sizeof(double));
    upright[a] = row[g->seats[a].upright];
  }
  for (int a = 0; a < n; a++) {
    const struct seat *s = g->seats + a;
    double *row = row_of(&s->state, world);
    if (s->props >= 0) memcpy(row + s->props, props, (size_t)(BODY * g->props) * sizeof(double));
    for (int k = 0; k < touched - 1; k++) { /* the other robots, the next first, then props, then the ground */
      const int body = k < n - 1 ? (a + 1 + k) % n : k + 1;
      if (s->others >= 0 && body < n) memcpy(row + s->others + BODY * k, bodies + BODY * body, BODY * sizeof(double));
      if (s->contacts < 0) continue;
      const double *its = body < n ? before + BODY * body : props_before + BODY * (body - n);
      write_contact(sums + (a * touched + body) * PAIR, before + BODY * a + 3, body < touched - 1 ? its + 3 : still,
                    g->substeps, row + s->contacts + CONTACT * k);
    }
  }
}

/* Gather for the first so many worlds. */
void roboschool_gather(const struct gathering *g, int worlds) {
  for (int world = 0; world < worlds; world++) gather(g, world);
}
