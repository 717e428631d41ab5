/* Steps Bullet worlds: commands in, states out, many worlds in one call.

   Everything here computes the very bits that `worlds.py` and `bodies.py` compute, in the same order of operations; it
   is compiled without contraction of floating-point operations. Nothing is global: threads may step different worlds at
   the same time. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "structures.h"

enum { BULLET_VERSION = 202010061 }; /* B3_SHARED_MEMORY_MAGIC_NUMBER: Bullet refuses a plugin that returns another */
enum { TORQUE_CONTROL = 1 };         /* CONTROL_MODE_TORQUE */
enum { LATE = 2 };                   /* feedback of a robot whose actuators are late */
enum { POSITIONS = 1, VELOCITIES };  /* of links that are asked for, too */
enum { WORLD_FRAME = 2 };            /* EF_WORLD_FRAME */
enum { NO_LINK = -2, BASE };
enum { FIRST_STEPS = 64, LOST = -1 }; /* timesteps that a history first has room for; there is no memory for it */
static const double FASTEST = 60.0;  /* as in `bodies.py` */

struct trunk { /* as a row begins */
  double position[3], world_x_direction[2], velocity[3], roll_pitch[2], angular_velocity[3];
};

/* As Python's min and max. */
static double lesser(double a, double b) { return b < a ? b : a; }
static double greater(double a, double b) { return b > a ? b : a; }

/* Return what Python's math.hypot returns: the length, rounded correctly but for one case in billions. */
static double length(const double *v, int n) {
  double sum = 0.0, rest = 0.0;
  for (int i = 0; i < n; i++) {
    double square = v[i] * v[i], next = sum + square, part = next - sum;
    rest += fma(v[i], v[i], -square) + ((sum - (next - part)) + (square - part));
    sum = next;
  }
  if (sum == 0.0) return 0.0;
  double root = sqrt(sum);
  return root + (fma(-root, root, sum) + rest) / (2.0 * root);
}

static int is_finite(const double *v, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) sum += v[i];
  return isfinite(sum);
}

/* The turn b, then the turn a. */
void multiply(const double a[4], const double b[4], double product[4]) {
  product[0] = a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1];
  product[1] = a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0];
  product[2] = a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3];
  product[3] = a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2];
}

/* Turn back by `tilted`, then by `a`. */
static void untilt(const double a[4], const double tilted[4], double straight[4]) {
  const double back[4] = {-tilted[0], -tilted[1], -tilted[2], tilted[3]};
  multiply(a, back, straight);
}

static void *request_state(const struct world *w, int body, int links, const double **q, const double **u) {
  const struct bullet *b = w->bullet;
  int id, positions, speeds;
  const double *frame, *forces;
  void *command = b->state_init(w->client, body);
  if (links) b->with_kinematics(command, 1);
  if (links == VELOCITIES) b->with_velocities(command, 1);
  void *status = b->submit(w->client, command);
  b->get_state(status, &id, &positions, &speeds, &frame, q, u, &forces);
  return status;
}

static void drive(const struct world *w, const struct robot *r, const double *command, int call) {
  const struct bullet *b = w->bullet;
  const double *q = NULL, *u = NULL;
  int n = r->driven;
  if (r->feedback) request_state(w, r->body, 0, &q, &u);
  void *torques = b->torque_init(w->client, r->body, TORQUE_CONTROL);
  for (int j = 0; j < n; j++) {
    double torque = command[j];
    if (r->feedback) { /* torque, position, kp, velocity, kd, effort, stall, droop */
      const double *c = command + j + (r->feedback == LATE && call < command[16 * n + j] ? 8 * n : 0);
      const double qd = u[r->driven_u[j]], effort = c[5 * n];
      torque = c[0] + c[2 * n] * (c[n] - q[r->driven_q[j]]) + c[4 * n] * (c[3 * n] - qd);
      torque = lesser(greater(torque, greater(-effort, lesser(0.0, -c[6 * n] - c[7 * n] * qd))),
                      lesser(effort, greater(0.0, c[6 * n] - c[7 * n] * qd)));
    }
    const double *turned = j == 0 && r->side_u >= 0 ? q + r->steering_q : NULL;
    if (turned) b->set_torque(torques, r->side_u, torque * sin(*turned));
    b->set_torque(torques, r->driven_u[j], turned ? torque * cos(*turned) : torque);
  }
  b->tell(w->client, torques);
}

/* Let wind and push act on a robot until the end of a call of Bullet. */
static void blow(const struct world *w, const struct robot *r) {
  const double *q, *u;
  struct link_state link;
  for (int k = 0; k < 2; k++) {
    const double *f = r->forces[k];
    if (f[0] == 0.0 && f[1] == 0.0 && f[2] == 0.0) continue;
    void *status = request_state(w, r->body, r->pushed[k] > BASE ? POSITIONS : 0, &q, &u);
    if (r->pushed[k] > BASE) w->bullet->get_link(w->client, status, r->pushed[k], &link), q = link.centre;
    const double at[3] = {q[0], q[1], q[2]};
    void *command = w->bullet->force_init(w->client);
    w->bullet->add_force(command, r->body, r->pushed[k], f, at, WORLD_FRAME);
    w->bullet->submit(w->client, command);
  }
}

static struct trunk free_trunk(const double *position, const double *turned, const double *v, const double *spin) {
  const double x = turned[0], y = turned[1], z = turned[2], w = turned[3];
  const double ahead[2] = {1.0 - 2.0 * (y * y + z * z), 2.0 * (w * z + x * y)};
  const double far = length(ahead, 2), norm = far == 0.0 ? 1.0 : far;
  const double c = ahead[0] / norm, s = ahead[1] / norm, sine = fmax(-1.0, fmin(1.0, 2.0 * (w * y - z * x)));
  return (struct trunk){
      .position = {position[0], position[1], position[2]},
      .world_x_direction = {-s, c},
      .velocity = {c * v[0] + s * v[1], c * v[1] - s * v[0], v[2]},
      .roll_pitch = {atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y)), asin(sine)},
      .angular_velocity = {spin[0], spin[1], spin[2]},
  };
}

static struct trunk planar_trunk(const struct robot *r, const double *q, const double *u) {
  const double along = q[r->track_q[0]], height = q[r->track_q[1]], pitch = q[r->track_q[2]];
  const double forward = u[r->track_u[0]], up = u[r->track_u[1]], rate = u[r->track_u[2]];
  const double c = r->heading[0], s = r->heading[1];
  return (struct trunk){
      .position = {r->home[0] + along * c, r->home[1] + along * s, height},
      .world_x_direction = {-s, c},
      .velocity = {forward, 0.0, up},
      .roll_pitch = {0.0, pitch},
      .angular_velocity = {-s * rate, c * rate, 0.0},
  };
}

static struct trunk find_trunk(const struct world *w, const struct robot *r, void *status, const double *q,
                               const double *u) {
  if (r->trunk == FIXED)
    return (struct trunk){.position = {r->home[0], r->home[1]}, .world_x_direction = {-r->heading[1], r->heading[0]}};
  if (r->trunk == PLANAR) return planar_trunk(r, q, u);
  if (r->trunk == LINK) {
    struct link_state link;
    w->bullet->get_link(w->client, status, r->trunk_link, &link);
    return free_trunk(link.centre, link.frame_turned, link.velocity, link.angular_velocity);
  }
  double turned[4];
  untilt(q + 3, r->tilted, turned);
  return free_trunk(q, r->is_tilted ? turned : q + 3, u, u + 3);
}

/* As `Terrain.height_at`. */
static double ground_at(const struct world *w, double x, double y) {
  const struct tile *t = &w->tile;
  if (!t->heights || !isfinite(x + y)) return 0.0;
  double u = lesser(greater((x - t->x) / t->cell, 0.0), t->along - 1.0);
  double v = lesser(greater((y - t->y) / t->cell, 0.0), t->aside - 1.0);
  int i = (int)u, j = (int)v;
  i = i < t->along - 2 ? i : t->along - 2, j = j < t->aside - 2 ? j : t->aside - 2;
  const float *at = t->heights + j * t->along + i;
  const double right = at[1], above = at[t->along];
  u -= i, v -= j;
  if (u + v <= 1.0) return at[0] + ((right - at[0]) * u + (above - at[0]) * v);
  const double far = at[t->along + 1];
  u = 1.0 - u, v = 1.0 - v;
  return far + ((above - far) * u + (right - far) * v);
}

static double link_height(const struct world *w, void *status, int link, const double *q) {
  struct link_state state;
  if (link == BASE) return q[2] - ground_at(w, q[0], q[1]);
  w->bullet->get_link(w->client, status, link, &state);
  return state.centre[2] - ground_at(w, state.centre[0], state.centre[1]);
}

static int is_upright(const struct robot *r, double height, const double roll_pitch[2], const double *row) {
  if (!(height > r->min_height && fabs(roll_pitch[0]) < r->tilt && fabs(roll_pitch[1]) < r->tilt)) return 0;
  for (int i = 0; i < r->clear; i++)
    if (row[r->at.foot_contacts + r->clear_feet[i]] != 0.0) return 0;
  return 1;
}

static void pick(const double *numbers, const int *places, int count, double *picked) {
  for (int i = 0; i < count; i++) picked[i] = numbers[places[i]];
}

/* Write all but the contacts of the feet, which are there already. Return whether the physics is sound. */
static int read_robot(const struct world *w, const struct robot *r, double *row) {
  const double *q, *u;
  int links = r->trunk == LINK ? VELOCITIES : r->height_link > BASE ? POSITIONS : 0;
  for (int i = 0; i < r->heights && !links; i++) links = r->height_links[i] > BASE ? POSITIONS : 0;
  void *status = request_state(w, r->body, links, &q, &u);
  const struct trunk trunk = find_trunk(w, r, status, q, u);
  const double *v = trunk.velocity, *spin = trunk.angular_velocity;
  const double moving[6] = {v[0], v[1], v[2], spin[0], spin[1], spin[2]};
  memcpy(row, &trunk, sizeof trunk);
  pick(q, r->driven_q, r->driven, row + r->at.q);
  pick(u, r->driven_u, r->driven, row + r->at.qd);
  pick(q, r->passive_q, r->passive, row + r->at.passive_q);
  pick(u, r->passive_u, r->passive, row + r->at.passive_qd);
  const double over = trunk.position[2] - ground_at(w, trunk.position[0], trunk.position[1]);
  double height = r->height_link == NO_LINK ? over : link_height(w, status, r->height_link, q);
  row[r->at.upright] = is_upright(r, height, trunk.roll_pitch, row) ? 1.0 : 0.0;
  for (int i = 0; i < r->heights; i++) row[r->at.link_heights + i] = link_height(w, status, r->height_links[i], q);
  if (w->tile.heights) row[r->at.trunk_height] = over;
  return length(moving, 6) < FASTEST && is_finite(row, r->at.end);
}

/* Write position, velocity and x axis of a prop. */
static int read_prop(const struct world *w, const struct prop *p, double *row) {
  const double *q, *u;
  double t[4];
  struct link_state leaf;
  if (p->kind == STILL) {
    memcpy(row, p->still, sizeof p->still);
    return 1;
  }
  void *status = request_state(w, p->body, p->kind == HINGED ? VELOCITIES : 0, &q, &u);
  if (p->kind == HINGED) {
    w->bullet->get_link(w->client, status, p->link, &leaf);
    q = leaf.centre, u = leaf.velocity;
    memcpy(t, leaf.frame_turned, sizeof t);
  } else {
    untilt(q + 3, p->tilted, t);
  }
  memcpy(row, q, 3 * sizeof(double));
  memcpy(row + 3, u, 3 * sizeof(double));
  row[6] = 1.0 - 2.0 * (t[1] * t[1] + t[2] * t[2]);
  row[7] = 2.0 * (t[3] * t[2] + t[0] * t[1]);
  row[8] = 2.0 * (t[0] * t[2] - t[3] * t[1]);
  return is_finite(row, 9);
}

/* Note the commands of a timestep, from which the episode can be repeated. */
static void note(struct world *w, int i, const struct step *s) {
  struct history *h = &w->history;
  intptr_t size = 0;
  for (int a = 0; a < w->agents; a++) size += w->robots[a].command;
  if (h->count + size > h->room && h->room >= 0) {
    h->room = h->room ? 2 * h->room : FIRST_STEPS * size;
    double *more = realloc(h->numbers, (size_t)h->room * sizeof(double));
    if (more) h->numbers = more;
    else h->room = LOST;
  }
  for (int a = 0; a < w->agents && h->room >= 0; h->count += w->robots[a++].command)
    memcpy(h->numbers + h->count, row_of(s->commands + a, i), (size_t)w->robots[a].command * sizeof(double));
  h->steps++;
}

static void pass(struct world *w, int i, const struct step *s) {
  for (int call = 0; call < w->calls; call++) {
    for (int a = 0; a < w->agents; a++) drive(w, w->robots + a, row_of(s->commands + a, i), call);
    for (int a = 0; a < w->agents; a++)
      if (w->robots[a].blown) blow(w, w->robots + a);
    w->bullet->tell(w->client, w->bullet->step_init(w->client));
    if (w->foot_sums) add_contacts(w, call);
  }
  note(w, i, s);
}

/* Apply the actions of world i. Those whose episode has ended, or all if it has just begun, do nothing. */
static void act(const struct party *p, int i, int begins) {
  if (!p->acting) return;
  for (int k = i * p->agents; k < (i + 1) * p->agents; k++) p->counted[k] = p->active[k] && !begins ? 1.0 : 0.0;
  compute(p->acting, i);
}

/* Note whom a timestep has ended in world i; an episode that has just begun goes on. */
static void judge(const struct party *p, int i, int begins) {
  for (int k = i * p->agents; p->ended && k < (i + 1) * p->agents; k++) {
    p->terminated[k] = p->ended[k] != 0.0;
    if (!begins) p->active[k] &= !p->terminated[k];
  }
}

/* Read world i, and note whether it is sound. */
static void look(struct world *w, int i, const struct step *s, int are_listed) {
  w->sound = 1;
  if (!s->agents) return;
  read_contacts(w, i, s, are_listed);
  for (int a = 0; a < w->agents; a++) w->sound &= read_robot(w, w->robots + a, row_of(s->agents + a, i));
  for (int p = 0; p < w->props && s->props.data; p++)
    w->sound &= read_prop(w, w->prop_bodies + p, row_of(&s->props, i) + 9 * p);
}

/* Let a timestep pass in world i, but if its episode has just begun; read it and compute what follows if it is sound,
   while it is in the processor's cache: so far as `does` says. */
static void advance(struct world *w, int i, int begins, const struct step *s, int does) {
  const int passes = does & PASSES && !begins;
  begin_episode(w);
  for (int k = 0; does & ACTS && k < s->party_count; k++) act(s->parties + k, i, begins);
  if (passes) pass(w, i, s);
  if (does & READS) look(w, i, s, passes && w->foot_sums);
  if (!(does & COMPUTES) || !w->sound) return;
  for (int k = 0; k < s->kernel_count; k++) compute(s->kernels + k, i);
  for (int k = 0; k < s->party_count; k++) judge(s->parties + k, i, begins);
}

/* Take a world for this thread; a fork does not wait for the threads of its parent. */
static int claim(struct world *w) {
  int user = 0, own = getpid();
  return atomic_compare_exchange_strong(&w->user, &user, own) || (user != own && (atomic_store(&w->user, own), 1));
}

static void release(struct world *w) { atomic_store(&w->user, 0); }

/* Make a world unusable before its client is freed; return 0 if another thread steps it. */
int roboschool_close(struct world *w) {
  if (!claim(w)) return 0;
  w->client = NULL;
  free(w->history.numbers);
  w->history = (struct history){0};
  release(w);
  return 1;
}

struct task {
  struct world *const *worlds;
  const int *chosen;
  const struct step *step;
  int does;
};
static int number_of(int chosen) { return chosen < 0 ? ~chosen : chosen; }
static void carry_out(void *task, int k) {
  const struct task *t = task;
  const int i = number_of(t->chosen[k]);
  advance(t->worlds[i], i, t->chosen[k] < 0, t->step, t->does);
}

/* Let a timestep pass in worlds, and read them, so far as `does` says: chosen are the numbers of count of them, ~number
   where an episode has just begun, in which no time passes.

   Return how many of these worlds are not sound, or, if nothing has moved, CLOSED or BUSY. */
int roboschool_step(struct world *const *worlds, const int *chosen, int count, const struct step *step, int does,
                    int threads) {
  struct task task = {worlds, chosen, step, does};
  int broken = 0, claimed = 0, refused = 0;
  while (claimed < count && claim(worlds[number_of(chosen[claimed])])) claimed++;
  if (claimed < count) refused = BUSY;
  for (int k = 0; k < claimed; k++) refused = worlds[number_of(chosen[k])]->client ? refused : CLOSED;
  if (!refused) in_parallel(carry_out, &task, count, threads);
  for (int k = 0; k < claimed; k++) {
    struct world *w = worlds[number_of(chosen[k])];
    broken += !w->sound;
    release(w);
  }
  return refused ? refused : broken;
}

/* What must be alike in Python: the version of Bullet, and the sizes of what Python fills. */
const int roboschool_layout[] = {BULLET_VERSION,       sizeof(struct bullet), sizeof(struct robot),   sizeof(struct prop),
                                 sizeof(struct world), sizeof(struct rows),   sizeof(struct party),  sizeof(struct step)};

/* A plugin of Bullet: the official way to the handle of a client, which a context begins with. */
int initPlugin_roboschool(void **context) { return (void)context, BULLET_VERSION; }
void exitPlugin_roboschool(void **context) { (void)context; }
/* Write the handle to the address that the text names, in hexadecimal digits. */
int executePluginCommand_roboschool(void **context, const char *text) {
  *(void **)(uintptr_t)strtoull(text, NULL, 16) = context[0];
  return 0;
}
