/* Begins episodes: the very calls that `worlds.py` and `bodies.py` make, in their order. */

#include <math.h>
#include <string.h>

#include "structures.h"

enum { VELOCITY_CONTROL = 0 };          /* CONTROL_MODE_VELOCITY */
enum { MOST = 128 };            /* MAX_DEGREE_OF_FREEDOM */
static const double FARTHEST = 1000.0;  /* as in `bodies.py` [m] */

struct pose { /* of a robot, in the order of Bullet's q and u; 1 where a number is given */
  double q[MOST], u[MOST];
  int has_q[MOST], has_u[MOST];
};

static void set_motors(const struct world *w, const struct mover *m, double speed, double strength) {
  if (!m->joints) return;
  void *command = w->bullet->torque_init(w->client, m->body, VELOCITY_CONTROL);
  for (int j = 0; j < m->joints; j++) {
    w->bullet->set_speed(command, m->joints_u[j], speed);
    w->bullet->set_kd(command, m->joints_u[j], 1.0);
    w->bullet->set_strength(command, m->joints_u[j], strength);
  }
  w->bullet->tell(w->client, command);
}

/* Go back to where the world was built, as `World._rewind`, but for gravity and friction. */
static void rewind_world(struct world *w) {
  const struct bullet *b = w->bullet;
  for (int k = 0; k < w->movers; k++) { /* an entry that matches no pair drops the body's contacts */
    void *command = b->filter_init(w->client);
    b->set_filter(command, w->moving[k].body, -1, -1, -1, 1);
    b->tell(w->client, command);
  }
  void *command = b->restore_init(w->client);
  b->set_state(command, w->start);
  b->tell(w->client, command);
  for (int k = 0; k < w->movers; k++) {
    set_motors(w, w->moving + k, 0.0, 0.0);
    if (w->moving[k].rate != 0.0) set_motors(w, w->moving + k, w->moving[k].rate, w->moving[k].strength);
  }
}

/* Return the distance between level ground and the lowest point, below 0 if it is in the ground. */
static double find_gap(const struct world *w, const struct robot *r) {
  struct contacts found;
  if (w->level < 0) return 0.0;
  void *command = w->bullet->closest_init(w->client);
  w->bullet->closest_to(command, r->body);
  w->bullet->closest_from(command, w->level);
  w->bullet->closest_within(command, FARTHEST);
  w->bullet->tell(w->client, command);
  w->bullet->get_contacts(w->client, &found);
  double gap = found.count ? found.points[0].distance : 0.0;
  for (int p = 1; p < found.count; p++) gap = found.points[p].distance < gap ? found.points[p].distance : gap;
  return gap;
}

static void set_joints(struct pose *pose, const int *at_q, const int *at_u, int count, const double *positions) {
  for (int j = 0; j < count; j++) {
    pose->q[at_q[j]] = positions[j];
    pose->u[at_u[j]] = 0.0;
    pose->has_q[at_q[j]] = pose->has_u[at_u[j]] = 1;
  }
}

static void set_base(const struct world *w, const struct robot *r, void *command, double height, const double turned[4]) {
  w->bullet->base_position(command, r->home[0], r->home[1], height);
  w->bullet->base_turned(command, turned[0], turned[1], turned[2], turned[3]);
}

/* Put a robot on the ground, as `RobotBody.place`. */
static void place(const struct world *w, struct robot *r, const struct placement *p) {
  const struct bullet *b = w->bullet;
  const double half_yaw = p->yaw / 2, half_pitch = r->is_fixed ? 0.0 : p->pitch / 2;
  const double tipped[4] = {0.0, sin(half_pitch), 0.0, cos(half_pitch)}, yawed[4] = {0.0, 0.0, sin(half_yaw), cos(half_yaw)};
  const double track[3] = {0.0, r->standing_height, p->pitch};
  double upright[4], turned[4];
  struct pose pose = {.has_q = {0}};
  memcpy(r->home, p->position, sizeof r->home);
  r->heading[0] = cos(p->yaw), r->heading[1] = sin(p->yaw);
  multiply(tipped, r->tilted, upright);
  multiply(yawed, upright, turned);
  if (r->trunk == PLANAR) set_joints(&pose, r->track_q, r->track_u, 3, track);
  set_joints(&pose, r->passive_q, r->passive_u, r->passive, p->joints);
  set_joints(&pose, r->driven_q, r->driven_u, r->driven, p->joints + r->passive);
  void *command = b->pose_init(w->client, r->body);
  b->pose_q(command, r->positions, pose.q, pose.has_q);
  b->pose_u(command, r->speeds, pose.u, pose.has_u);
  set_base(w, r, command, r->is_fixed ? 0.0 : r->standing_height, turned);
  b->tell(w->client, command);
  if (r->is_fixed && r->trunk != PLANAR) return;
  const double height = r->standing_height - (find_gap(w, r) - p->lift);
  command = b->pose_init(w->client, r->body);
  if (r->trunk == PLANAR) {
    struct pose raised = {.has_q = {0}};
    set_joints(&raised, r->track_q + 1, r->track_u + 1, 1, &height);
    b->pose_q(command, r->positions, raised.q, raised.has_q);
    b->pose_u(command, r->speeds, raised.u, raised.has_u);
  } else {
    set_base(w, r, command, height, turned);
  }
  b->tell(w->client, command);
}

/* Begin an episode so far as that has been asked for. */
void begin_episode(struct world *w) {
  if (w->begins & REWINDS) rewind_world(w);
  for (int a = 0; w->begins & PLACES && a < w->agents; a++) place(w, w->robots + a, w->placements + a);
  w->begins = 0;
}
