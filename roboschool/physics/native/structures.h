/* What Bullet and Python fill; `library.py` declares Python's structures alike. */

#include <stdatomic.h>
#include <stdint.h>

enum { FIXED, PLANAR, ROOT, LINK };  /* what a trunk is */
enum { STILL, FREE, HINGED };        /* what a prop is */
enum { PAIR = 5 };                 /* numbers of a pair of bodies */

/* Bullet's own structures */
struct contact {
  int flags, body[2], link[2];
  double on_a[3], on_b[3], normal[3], distance, force, friction[2], directions[6];
};
struct contacts {
  int count;
  const struct contact *points;
};
struct link_state {
  double centre[3], turned[4], inertial_position[3], inertial_turned[4], position[3], frame_turned[4];
  double velocity[3], angular_velocity[3], lowest[3], highest[3];
  double spare[32]; /* should Bullet write more */
};

/* What Python fills */
struct bullet { /* functions of pybullet's own library, in the order of `FUNCTIONS` in library.py */
  void *(*torque_init)(void *client, int body, int mode);
  int (*set_torque)(void *command, int number, double torque);
  void *(*step_init)(void *client);
  void *(*state_init)(void *client, int body);
  int (*with_velocities)(void *command, int on);
  int (*with_kinematics)(void *command, int on);
  int (*get_state)(void *status, int *body, int *positions, int *speeds, const double **frame, const double **q,
                   const double **u, const double **forces);
  int (*get_link)(void *client, void *status, int link, struct link_state *state);
  void *(*contacts_init)(void *client);
  void (*get_contacts)(void *client, struct contacts *found);
  void *(*submit)(void *client, void *command);
  void *(*force_init)(void *client);
  void (*add_force)(void *command, int body, int link, const double force[3], const double at[3], int frame);
};

struct columns { /* where the quantities of a `BodyState` begin in its row, which begins with those of its trunk */
  int q, qd, passive_q, passive_qd, foot_contacts, foot_obstacle_contacts, body_contact, foot_forces, upright, link_heights, end;
};
struct robot {
  int body, trunk, trunk_link, is_tilted, height_link, feedback;
  int side_u, steering_q; /* of a robot whose first force points where a hinge has turned; else -1 */
  int driven, passive, feet, clear, heights;             /* lengths of the arrays that follow */
  const int *driven_q, *driven_u, *passive_q, *passive_u; /* places in Bullet's q and u */
  const int *foot_links, *clear_feet, *height_links;
  int track_q[3], track_u[3]; /* of a planar robot */
  int command;                /* where its command begins in the row of its world */
  int sums;                   /* where its feet begin in `foot_sums` of its world */
  int measures_feet;          /* whether their forces are wanted */
  struct columns at;
  double tilted[4], min_height, tilt;
  double home[2], heading[2]; /* where the episode began; cosine and sine */
  int blown, pushed[2];       /* whether forces act on it: wind and push, at the centres of these links */
  double forces[2][3];        /* [N] */
};
struct prop {
  int body, kind, link;
  double tilted[4];
  double still[9]; /* its row if it never moves */
};
struct world {
  const struct bullet *bullet;
  void *client; /* NULL: closed */
  int calls, agents, props, ground, bodies, has_feet;
  const int *numbers; /* of the agent, then of the prop, that each of Bullet's bodies is; -1: none */
  struct robot *robots;
  struct prop *prop_bodies;
  double *foot_sums; /* of the forces on feet over the substeps of a timestep; NULL: contacts are not added up */
  double *pair_sums; /* of each agent and body (agents, props, ground): PAIR numbers, see `ContactSums` */
  int *last_substeps;        /* of each such pair the last substep in which they pressed, from 1 */
  int feet;          /* of all agents */
  int sound;         /* what the last reading found */
  atomic_int user; /* the process of the thread that is stepping it; 0: none */
};
struct rows { /* the row of world i is at data + i * stride; NULL: not wanted */
  char *data;
  intptr_t stride;
};
struct readings {
  const struct rows *agents;
  struct rows props, contacts, pairs;
};

static inline double *row_of(const struct rows *rows, int i) {
  return (double *)(void *)(rows->data + i * rows->stride);
}

/* contacts.c */
void add_contacts(struct world *w, int substep);
void read_contacts(const struct world *w, int i, const struct readings *out);
