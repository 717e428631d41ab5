/* What Bullet and Python fill; `library.py` declares Python's structures alike. */

#include <stdatomic.h>
#include <stdint.h>

enum { FIXED, PLANAR, ROOT, LINK };  /* what a trunk is */
enum { STILL, FREE, HINGED };        /* what a prop is */
enum { ACTS = 1, PASSES = 2, READS = 4, COMPUTES = 8 }; /* what is done in a step */
enum { REWINDS = 1, PLACES = 2 };         /* and before it, if an episode begins */
enum { PAIR = 5 };                 /* numbers of a pair of bodies */
enum { BUSY = -2, CLOSED };         /* why nothing has moved */

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
  int (*set_speed)(void *command, int number, double speed);
  int (*set_kd)(void *command, int number, double kd);
  int (*set_strength)(void *command, int number, double torque);
  void *(*filter_init)(void *client);
  void (*set_filter)(void *command, int body, int other, int link, int its_link, int collide);
  void *(*restore_init)(void *client);
  int (*set_state)(void *command, int number);
  void *(*pose_init)(void *client, int body);
  int (*pose_q)(void *command, int count, const double *q, const int *given);
  int (*pose_u)(void *command, int count, const double *u, const int *given);
  int (*base_position)(void *command, double x, double y, double z);
  int (*base_turned)(void *command, double x, double y, double z, double w);
  void *(*closest_init)(void *client);
  void (*closest_to)(void *command, int body);
  void (*closest_from)(void *command, int body);
  void (*closest_within)(void *command, double distance);
  int (*tell)(void *client, void *command); /* as `submit`, for who wants no status */
  void *(*force_init)(void *client);
  void (*add_force)(void *command, int body, int link, const double force[3], const double at[3], int frame);
};

struct columns { /* where the quantities of a `BodyState` begin in its row, which begins with those of its trunk */
  int q, qd, passive_q, passive_qd, foot_contacts, foot_obstacle_contacts, body_contact, foot_forces, link_forces, upright, link_heights, trunk_height, end;
};
struct robot {
  int body, trunk, trunk_link, is_tilted, height_link, feedback;
  int side_u, steering_q; /* of a robot whose first force points where a hinge has turned; else -1 */
  int driven, passive, feet, clear, heights, measured;   /* lengths of the arrays that follow */
  const int *driven_q, *driven_u, *passive_q, *passive_u; /* places in Bullet's q and u */
  const int *foot_links, *clear_feet, *height_links, *measured_links;
  int track_q[3], track_u[3]; /* of a planar robot */
  int command;                /* how many numbers its command has */
  int sums;                   /* where its feet begin in `foot_sums` of its world */
  int link_sums;              /* where its measured links begin in `link_sums` of its world */
  int measures_feet;          /* whether their forces are wanted */
  int is_fixed, positions, speeds; /* whether its root is; how many of Bullet's q and u an episode begins with */
  struct columns at;
  double tilted[4], min_height, tilt, standing_height;
  double home[2], heading[2]; /* where the episode began; cosine and sine */
  int blown, pushed[2];       /* whether forces act on it: wind and push, at the centres of these links */
  double forces[2][3];        /* [N] */
};
struct prop {
  int body, kind, link;
  double tilted[4];
  double still[9]; /* its row if it never moves */
};
struct mover { /* a body that an episode moves, and what its motors do, of each of its joints */
  int body, joints;
  const int *joints_u;
  double rate, strength;
};
struct placement { /* where a robot begins; joints: those without a motor, but the track, then those with one */
  double position[2], yaw, pitch, lift; /* lift: height of the ground */
  const double *joints;
};
struct history { /* the commands of timesteps, one after the other; it grows */
  double *numbers;
  intptr_t count, room, steps;
};
struct tile { /* of a terrain, see `Terrain`; NULL: the ground is level */
  const float *heights; /* (aside, along) [m] */
  int along, aside;
  double x, y, cell; /* of the first; distance between two [m] */
};
struct world {
  const struct bullet *bullet;
  void *client; /* NULL: closed */
  int calls, agents, props, ground, level, bodies, has_feet; /* level: the plane from which heights are measured */
  const int *numbers; /* of the agent, then of the prop, that each of Bullet's bodies is; -1: none */
  struct robot *robots;
  struct prop *prop_bodies;
  double *foot_sums; /* of the forces on feet over the substeps of a timestep; NULL: contacts are not added up */
  double *pair_sums; /* of each agent and body (agents, props, ground): PAIR numbers, see `ContactSums` */
  double *link_sums; /* of force vectors on links, with friction, likewise */
  int *last_substeps;        /* of each such pair the last substep in which they pressed, from 1 */
  int feet, measured; /* of all agents */
  int start, movers; /* the number of Bullet's state of when the world was built; how many bodies an episode moves */
  struct mover *moving;
  int begins;        /* what is done of an episode's beginning before anything else */
  const struct placement *placements; /* where it places each robot */
  struct tile tile;
  struct history history;
  int sound;         /* what the last reading found */
  atomic_int user; /* the process of the thread that is stepping it; 0: none */
};
struct rows { /* the row of world i is at data + i * stride; NULL: not wanted */
  char *data;
  intptr_t stride;
};
struct operand { /* of an array: its address, and by how many bytes the next world, agent and number are further on */
  char *data;
  intptr_t world, agent, number;
};
struct operation {
  int code, width; /* of the arrays that are read; a dot product writes one number */
  struct operand left, right, result;
};
struct reading { /* what the library reads for a sensor; see sensing.c */
  int kind, at, count, bins; /* at: where in the observation; count: of things, joints or feet */
  double reach;              /* of a lidar [m] */
  const int *columns;        /* of the state: x, y and z of each thing, or joints */
  int chosen, hidden;        /* columns: which thing is seen alone; above 0 while none is seen; -1: all, always */
};
struct observation {
  int agents, width, count;
  const struct reading *readings; /* so many */
  const double *before;       /* the rows of the state before, as those of `state` */
  double dt;                  /* between the two [s] */
  const int *columns;         /* of each number its place in the row of the state; -1: a sensor has written it */
  const double *state;        /* rows of `stride` numbers (world, agent) */
  double *read;               /* what sensors have written (world, agent, width) */
  const double *offset, *scale; /* (1, width), or (world, width) */
  const double *low, *high;   /* (width) */
  intptr_t stride, own;       /* own: how many numbers the offset of the next world is further on */
  float *result;              /* (world, agent, width) */
};
struct kernel { /* what is computed for a world: operations in order for each agent, then an observation; NULL: none */
  const struct operation *operations;
  int count, agents;
  const struct observation *observation;
};
struct party { /* agents that act alike, in all worlds: arrays (world, agent) */
  int agents;
  const struct kernel *acting; /* applies the actions of a world before a timestep; NULL: they have been applied */
  unsigned char *active;       /* whose episode goes on */
  unsigned char *terminated;   /* whom the timestep has ended */
  double *counted;             /* 1 where the timestep is rewarded */
  const double *ended;         /* other than 0 for those that a kernel has found to have ended; NULL: none is noted */
};
struct step { /* what a timestep needs and writes */
  const struct rows *commands, *agents; /* of each agent its command, and its state; NULL: not wanted */
  struct rows props, contacts, pairs;
  const struct kernel *kernels; /* computed for a world once it is read */
  const struct party *parties;
  int kernel_count, party_count;
};

struct seat { /* an agent: rows of its state, and their columns; -1: not wanted */
  struct rows state;
  int upright, props, others, contacts;
};
struct gathering { /* what tasks see of each other's bodies, see gather.c */
  int agents, props, moving; /* moving: whether velocities are wanted */
  double substeps;
  struct rows bodies, before, upright;           /* of agents; before: before the timestep */
  struct rows prop_bodies, props_before, sums;   /* of props; of contacts, see `ContactSums` */
  const struct seat *seats;
};

static inline double *row_of(const struct rows *rows, int i) {
  return (double *)(void *)(rows->data + i * rows->stride);
}

/* step.c */
void multiply(const double a[4], const double b[4], double product[4]);

/* reset.c */
void begin_episode(struct world *w);

/* contacts.c */
void add_contacts(struct world *w, int substep);
void read_contacts(const struct world *w, int i, const struct step *out, int are_listed);

/* sensing.c */
void sense(const struct observation *o, const double *state, const double *before, double *read);

/* program.c */
void compute(const struct kernel *kernel, int i);

/* threads.c */
void in_parallel(void (*call)(void *job, int number), void *job, int count, int threads);
