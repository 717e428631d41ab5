/* What sensors of the trunk, of joints and of elements read, with the bits of their own `read` in Python. */

#include <math.h>

#include "structures.h"

enum { LIDAR, ACCELERATION, VELOCITY, ANGULAR_VELOCITY, MAGNETIC_FIELD, BALL_TURN, BALL_VELOCITY, ANGLES, TOUCHES };
enum { AT = 0, DIRECTION = 3, MOVING = 5, TILT = 8, SPIN = 10 }; /* columns of a `BodyState` */
static const double TURN = 6.283185307179586, GRAVITY = 9.81, NORTH = -0.5;

struct tilt { /* sines and cosines of roll and pitch */
  double roll, pitch, level_roll, level_pitch;
};

/* Write a vector of the heading frame in the frame of the body. */
static void tilt(const struct tilt *t, double along, double aside, double up, double seen[3]) {
  const double above = t->pitch * along + t->level_pitch * up;
  seen[0] = t->level_pitch * along - t->pitch * up;
  seen[1] = t->level_roll * aside + t->roll * above;
  seen[2] = t->level_roll * above - t->roll * aside;
}

/* Write a vector of the world in the frame of the body. */
static void to_body(const struct tilt *t, const double *state, const double v[3], double seen[3]) {
  const double left = state[DIRECTION], forward = state[DIRECTION + 1];
  tilt(t, forward * v[0] - left * v[1], left * v[0] + forward * v[1], v[2], seen);
}

static void accelerate(const struct tilt *t, const double *state, const double *before, double dt, double *read) {
  const double left = state[DIRECTION], forward = state[DIRECTION + 1];
  const double was_left = before[DIRECTION], was_forward = before[DIRECTION + 1];
  const double along = before[MOVING], aside = before[MOVING + 1];
  const double x = was_forward * along + was_left * aside, y = was_forward * aside - was_left * along;
  tilt(t, (state[MOVING] - (forward * x - left * y)) / dt, (state[MOVING + 1] - (left * x + forward * y)) / dt,
       (state[MOVING + 2] - before[MOVING + 2]) / dt + GRAVITY, read);
}

static void show(double *bin, double value) { *bin = value > *bin ? value : *bin; }

static void see(const struct reading *r, const struct tilt *t, const double *state, double *read) {
  const int chosen = r->chosen < 0 ? -1 : (int)state[r->chosen];
  for (int bin = 0; bin < r->bins; bin++) read[bin] = 0.0;
  if (r->hidden >= 0 && state[r->hidden] > 0.0) return;
  for (int k = 0; k < r->count; k++) {
    double way[3], seen[3];
    if (r->chosen >= 0 && k != chosen) continue;
    for (int axis = 0; axis < 3; axis++) way[axis] = state[r->columns[3 * k + axis]] - state[AT + axis];
    to_body(t, state, way, seen);
    const double near = 1.0 - hypot(seen[0], seen[1]) / r->reach, bins = r->bins;
    if (!(near > 0.0)) continue;
    double place = fmod(atan2(seen[1], seen[0]) * (bins / TURN), bins);
    if (place < 0.0) place += bins;
    const int own = place < bins - 1.0 ? (int)place : r->bins - 1; /* a hair below 0 is rounded to `bins` */
    const double share = place - own;
    show(read + own, near);
    show(read + (own + 1) % r->bins, share * near);
    show(read + (own + r->bins - 1) % r->bins, (1.0 - share) * near);
  }
}

/* How a ball has turned that hangs on hinges about z, y and x: a matrix, row after row. */
static void turn(const double *state, const int *columns, double *read) {
  const double sz = sin(state[columns[0]]), sy = sin(state[columns[1]]), sx = sin(state[columns[2]]);
  const double cz = cos(state[columns[0]]), cy = cos(state[columns[1]]), cx = cos(state[columns[2]]);
  read[0] = cz * cy, read[1] = cz * sy * sx - sz * cx, read[2] = cz * sy * cx + sz * sx;
  read[3] = sz * cy, read[4] = sz * sy * sx + cz * cx, read[5] = sz * sy * cx - cz * sx;
  read[6] = -sy, read[7] = cy * sx, read[8] = cy * cx;
}

/* The angular velocity of such a ball: columns of its angles, then of its speeds. */
static void spin(const double *state, const int *columns, double *read) {
  const double y = state[columns[1]], x = state[columns[2]];
  const double yaw = state[columns[3]], pitch = state[columns[4]], roll = state[columns[5]];
  read[0] = roll - yaw * sin(y);
  read[1] = pitch * cos(x) + yaw * cos(y) * sin(x);
  read[2] = yaw * cos(y) * cos(x) - pitch * sin(x);
}

static void take(const struct reading *r, const struct tilt *t, const double *state, const double *before, double dt,
                 double *read) {
  const double north[3] = {0.0, NORTH, 0.0};
  switch (r->kind) {
    case LIDAR: see(r, t, state, read); break;
    case ACCELERATION: accelerate(t, state, before, dt, read); break;
    case VELOCITY: tilt(t, state[MOVING], state[MOVING + 1], state[MOVING + 2], read); break;
    case ANGULAR_VELOCITY: to_body(t, state, state + SPIN, read); break;
    case MAGNETIC_FIELD: to_body(t, state, north, read); break;
    case BALL_TURN: turn(state, r->columns, read); break;
    case BALL_VELOCITY: spin(state, r->columns, read); break;
    case ANGLES:
      for (int k = 0; k < r->count; k++)
        read[2 * k] = sin(state[r->columns[k]]), read[2 * k + 1] = cos(state[r->columns[k]]);
      break;
    default: /* TOUCHES: of feet on the ground, then on others */
      for (int k = 0; k < r->count; k++)
        read[k] = fmax(state[r->columns[k]], state[r->columns[r->count + k]]);
  }
}

/* Write what the sensors of one robot read. */
void sense(const struct observation *o, const double *state, const double *before, double *read) {
  const double *angles = state + TILT;
  if (!o->count) return;
  const struct tilt t = {sin(angles[0]), sin(angles[1]), cos(angles[0]), cos(angles[1])};
  for (int k = 0; k < o->count; k++) take(o->readings + k, &t, state, before, o->dt, read + o->readings[k].at);
}
