/* What Python fills, and what the files of the ray caster share; `library.py` declares Python's structures alike. */

#include <stdint.h>

enum { SPHERE, CAPSULE, CYLINDER, BOX, MESH, HEIGHTS }; /* kinds of shapes; a heightfield is a mesh that is open */
enum { STUDIO, TILES, TRACK, STADIUM };        /* kinds of ground; a studio has none */
enum { TILE = 16, FRAMED = TILE + 2, MOST = 328, FACES = 8, SAMPLES = 8, PACKET = 8, BLOCK = 8 };
/* TILE: side of the squares that a picture is drawn in [pixels]; FRAMED: with what is beside them. MOST: rays of a
   batch, a multiple of 8, at least FRAMED * FRAMED. FACES: of a shape, at most. SAMPLES: of a pixel at an edge.
   PACKET: rays that go through a mesh together, at most. BLOCK: triangles of a leaf of its tree, at most. */

/* What Python fills */
struct node { /* of the tree over a mesh; `first` of its two children has the lower places along `axis` */
  float low[3], high[3];
  int32_t first, axis; /* axis 3: a leaf, and `first` is its block */
};
struct mesh {
  const struct node *nodes;
  const float *blocks; /* of triangles (block, 9, BLOCK): a corner, and the ways to the two others */
};
struct shape {
  int32_t kind, body, mesh;
  float half[3];   /* sides of a box or of what a mesh fills; else radius, radius, length without caps [m] */
  float middle[3]; /* of a mesh, in its own frame [m] */
  float colour[3]; /* of light that it throws back: red, green, blue, 0 to 1 */
};
struct light {
  float sun[3], east[3], north[3]; /* to the sun, and two at right angles; of length 1 */
  float sky[3];                    /* share of the light on open ground; the rest is the sun's */
  float strength, shine;           /* of all light; of the sun on a body */
};
struct ground {
  int32_t kind;
  float low, top, lane;    /* right and left edge of the track, width of a lane [m] */
  float finish;            /* x where the line begins [m]; infinite if there is none */
  float middle[2];         /* x, y of the middle of the stadium [m] */
  float colours[11][3];    /* in the order of `enum colour` */
  float level;             /* z of the plane [m] */
  float clear;             /* most of what is farther away than this is haze [m] */
  struct light light;
};
enum colour { ZENITH, HORIZON, BARE, LANES, WHITE, BLACK, GRASS, MOWN, CEILING, FLOOR, GLOW };
struct mark { /* a line on the ground, where the distance to a segment is `radius` */
  float start[2], end[2], radius, line; /* as seen from the middle of the stadium; width of the line [m] */
  float colour[3];
};
struct camera {
  double eye[3];
  float ahead[3], right[3], up[3]; /* of length 1 */
  float wide, high;                /* half of what is seen 1 m away [m] */
};
struct picture {
  const struct shape *shapes;
  const double *poses; /* of each shape: a matrix of rows that turns it into the world, then its position [m] */
  const struct mesh *meshes;
  const struct ground *ground;
  const struct mark *marks;
  struct camera camera;
  int32_t count, marked, width, height;
  uint8_t *colours;  /* (height, width, 3) */
  float *depths;     /* along the camera's axis [m], infinite for the sky (height, width); NULL: not wanted */
  int32_t *bodies;   /* (height, width), -1: none; NULL: not wanted */
};
struct link {
  int32_t parent, kind, place; /* -1: a base; 0 fixed, 1 turns, 2 slides; column of its position in a row */
  double origin[12];           /* in the parent's frame, as a pose */
  double axis[3];
};

/* What the files share. All places are as seen from the eye. */
struct box { /* pixels */
  float left, right, top, bottom;
};
struct solid { /* a shape, ready for rays from one eye */
  int kind, body;
  const struct mesh *mesh;
  float turn[9], eye[3];            /* into the world; the eye in its own frame */
  float half[3], centre[3], radius; /* of a ball around it */
  float colour[3];
  float along[3], across[3], reach, ratio, narrow; /* how its shadow lies: see `shade_round` */
  float strips[3][3], widths[3];                   /* of the shadow of a box */
  float to_sun[3];                                 /* in its own frame */
  float contact;                                   /* how far its contact shading goes [m] */
  struct box seen, shaded;                         /* where it is, and where the ground is darker */
};
struct view {
  const struct picture *picture;
  const struct ground *ground;
  struct camera camera;
  float height, pixel[2]; /* of the eye [m]; of a pixel 1 m away [m] */
  const struct solid *solids;
  int count;
};
struct batch {
  int count, samples;                               /* rays; of each pixel */
  int at[MOST];                                     /* pixel of each ray */
  int id[MOST];                                     /* solid * FACES + face; -1: no solid */
  float across[MOST], upward[MOST];                 /* place in the picture */
  float dx[MOST], dy[MOST], dz[MOST];               /* direction; 1 m along the axis of the camera */
  float t[MOST];                                    /* how far [m] */
  float mx[MOST], my[MOST], mz[MOST];               /* normals of meshes that are hit */
  float px[MOST], py[MOST], pz[MOST], nx[MOST], ny[MOST], nz[MOST];
  float red[MOST], green[MOST], blue[MOST], lit[MOST], open[MOST], haze[MOST];
};

struct packet { /* rays in the frame of a mesh; those whose `far` is below 0 are left out */
  int count;
  float x[PACKET], y[PACKET], z[PACKET], dx[PACKET], dy[PACKET], dz[PACKET], far[PACKET];
  int triangle[PACKET]; /* that is hit; -1: none */
};

#define NEVER 1e30F        /* how far a ray goes that hits nothing [m] */
extern const float SPREAD; /* of the sun's light: half the width of a shadow's edge 1 m away [m] */

/* prepare.c */
void prepare(struct view *view, struct solid *solids);
/* intersect.c */
void trace(const struct solid *solids, const int *which, int count, struct batch *b);
void dress(const struct solid *solids, struct batch *b);
/* mesh.c */
void hit_mesh(const struct mesh *mesh, struct packet *p, int any);
/* ground.c */
void find_ground(const struct view *view, struct batch *b);
void paint(const struct view *view, struct batch *b);
void paint_terrain(const struct view *view, struct batch *b);
/* shadow.c */
void shade_mesh(const struct view *v, const struct solid *s, int own, const struct box *tile, struct batch *b);
/* light.c */
void light(const struct view *view, const struct box *tile, struct batch *b);

static inline float least(float a, float b) { return a < b ? a : b; }
static inline float most(float a, float b) { return a > b ? a : b; }
static inline float within(float x, float low, float high) { return least(most(x, low), high); }
static inline float dot(const float a[3], const float b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
static inline void turn_back(const float turn[9], const float v[3], float out[3]) {
  for (int i = 0; i < 3; i++) out[i] = turn[i] * v[0] + turn[3 + i] * v[1] + turn[6 + i] * v[2];
}
static inline void turn_out(const float turn[9], const float v[3], float out[3]) {
  for (int i = 0; i < 3; i++) out[i] = dot(turn + 3 * i, v);
}
static inline int overlap(const struct box *a, const struct box *b) {
  return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}
