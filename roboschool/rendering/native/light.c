/* Lights what rays have hit: sun with shadows that are soft far from what casts them, sky, contact shading, shine. */

#include <math.h>

#include "structures.h"

static const float BOUNCE[3] = {0.26F, 0.25F, 0.23F}; /* light from below */
static const float DEEPEST = 0.85F; /* share of the sky's light that contact shading may take */
static const float FINEST = 0.6F;   /* half the width of the edge of a shadow, at least [pixels] */
static const float RIM = 0.10F;      /* shine of the sky at the edge of a body */

static inline float soften(float x) { return x * x * (3.0F - 2.0F * x); }

/* The sun's light that what is round lets pass. Seen from the sun its axis is a line along `along`, `reach` to both
   sides; `ratio` is how much nearer to the sun its points are, the farther along; its ends are `narrow` times blunter. */
static void shade_round(const struct view *v, const struct solid *s, int own, struct batch *b) {
  const float *a = s->along, *c = s->across, x = s->centre[0], y = s->centre[1], z = s->centre[2], reach = s->reach;
  const float *sun = v->ground->light.sun, ratio = s->ratio, narrow = s->narrow, radius = s->half[0], grain = FINEST * v->pixel[1];
  for (int i = 0; i < b->count; i++) {
    float px = b->px[i] - x, py = b->py[i] - y, pz = b->pz[i] - z;
    float along = px * a[0] + py * a[1] + pz * a[2], across = px * c[0] + py * c[1] + pz * c[2];
    float nearest = within(along, -reach, reach), end = (along - nearest) * narrow;
    float far = nearest * ratio - (px * sun[0] + py * sun[1] + pz * sun[2]);
    float off = sqrtf(end * end + across * across) - radius;
    float dark = within(0.5F - 0.5F * off / (SPREAD * most(far, 0.0F) + grain * b->t[i]), 0.0F, 1.0F);
    dark = soften(dark) * within(2.0F * far / radius, 0.0F, 1.0F);
    dark = b->id[i] / FACES == own && b->id[i] >= 0 ? 0.0F : dark;
    b->lit[i] = least(b->lit[i], 1.0F - dark);
  }
}

static void shade_box(const struct view *v, const struct solid *s, int own, struct batch *b) {
  const float *r = s->turn, *l = s->to_sun, *h = s->half, grain = FINEST * v->pixel[1], radius = s->radius;
  float m[3], k[3];
  for (int axis = 0; axis < 3; axis++) {
    m[axis] = 1.0F / (fabsf(l[axis]) < 1e-6F ? 1e-6F : l[axis]);
    k[axis] = h[axis] * fabsf(m[axis]);
  }
  const float *const e = s->strips[0], *const f = s->strips[1], *const g = s->strips[2], *const w = s->widths;
  for (int i = 0; i < b->count; i++) {
    float px = b->px[i] - s->centre[0], py = b->py[i] - s->centre[1], pz = b->pz[i] - s->centre[2];
    float x = r[0] * px + r[3] * py + r[6] * pz, y = r[1] * px + r[4] * py + r[7] * pz;
    float z = r[2] * px + r[5] * py + r[8] * pz;
    float near = most(most(-x * m[0] - k[0], -y * m[1] - k[1]), -z * m[2] - k[2]);
    float far = least(least(k[0] - x * m[0], k[1] - y * m[1]), k[2] - z * m[2]);
    float off = most(most(fabsf(e[1] * y + e[2] * z) - w[0], fabsf(f[0] * x + f[2] * z) - w[1]),
                     fabsf(g[0] * x + g[1] * y) - w[2]);
    float ahead = -(x * l[0] + y * l[1] + z * l[2]); /* faces along the sun's light are met nowhere, or far away */
    float past = within(0.5F * (near + far), ahead - radius, ahead + radius), middle = near > far ? past : most(near, 0.0F);
    float dark = within(0.5F - 0.5F * off / (SPREAD * most(middle, 0.0F) + grain * b->t[i]), 0.0F, 1.0F);
    dark = (near > far ? middle : far) > 0.001F ? soften(dark) : 0.0F;
    dark = b->id[i] / FACES == own && b->id[i] >= 0 ? 0.0F : dark;
    b->lit[i] = least(b->lit[i], 1.0F - dark);
  }
}

/* The share of the sky that a body nearby hides, from analytic formulas: of a ball at the nearest point of an axis, or of
   a wall at the nearest point of a box. */
static void close_round(const struct solid *s, int own, struct batch *b) {
  const float x = s->centre[0], y = s->centre[1], z = s->centre[2], *r = s->turn, square = s->half[0] * s->half[0];
  const float reach = s->half[0] + s->contact, fade = 1.0F / (reach * reach);
  const float half = s->kind == SPHERE ? 0.0F : s->half[2];
  for (int i = 0; i < b->count; i++) {
    float px = x - b->px[i], py = y - b->py[i], pz = z - b->pz[i];
    float along = within(-(px * r[2] + py * r[5] + pz * r[8]), -half, half);
    px += along * r[2], py += along * r[5], pz += along * r[8];
    float far = most(px * px + py * py + pz * pz, 1e-12F), root = 1.0F / sqrtf(far);
    float facing = most((px * b->nx[i] + py * b->ny[i] + pz * b->nz[i]) * root, 0.0F);
    float hidden = facing * least(square * root * root, 1.0F), left = most(1.0F - far * fade, 0.0F);
    hidden = b->id[i] / FACES == own && b->id[i] >= 0 ? 0.0F : hidden * left;
    b->open[i] *= 1.0F - DEEPEST * hidden;
  }
}

static void close_box(const struct solid *s, int own, struct batch *b) {
  const float x = s->centre[0], y = s->centre[1], z = s->centre[2], *r = s->turn, *h = s->half;
  const float fade = 1.0F / s->contact;
  for (int i = 0; i < b->count; i++) {
    float px = x - b->px[i], py = y - b->py[i], pz = z - b->pz[i];
    float lx = r[0] * px + r[3] * py + r[6] * pz, ly = r[1] * px + r[4] * py + r[7] * pz;
    float lz = r[2] * px + r[5] * py + r[8] * pz;
    float mx = within(lx, -h[0], h[0]), my = within(ly, -h[1], h[1]), mz = within(lz, -h[2], h[2]);
    lx -= mx, ly -= my, lz -= mz; /* to the nearest point */
    float far = sqrtf(lx * lx + ly * ly + lz * lz) + 1e-6F;
    float nx = r[0] * b->nx[i] + r[3] * b->ny[i] + r[6] * b->nz[i];
    float ny = r[1] * b->nx[i] + r[4] * b->ny[i] + r[7] * b->nz[i];
    float nz = r[2] * b->nx[i] + r[5] * b->ny[i] + r[8] * b->nz[i];
    float facing = 0.5F + 0.5F * (lx * nx + ly * ny + lz * nz) / far, left = most(1.0F - far * fade, 0.0F);
    float hidden = b->id[i] / FACES == own && b->id[i] >= 0 ? 0.0F : facing * left * left;
    b->open[i] *= 1.0F - DEEPEST * hidden;
  }
}

/* Let solids near what rays have hit, or between it and the sun, take light. */
static void darken(const struct view *v, const struct box *tile, struct batch *b) {
  float low[3] = {NEVER, NEVER, NEVER}, high[3] = {-NEVER, -NEVER, -NEVER}, middle[3];
  int ground = 0, solid = 0;
  for (int i = 0; i < b->count; i++) {
    ground |= (b->id[i] < 0) & (b->t[i] < NEVER);
    if (b->id[i] < 0) continue;
    solid = 1;
    low[0] = least(low[0], b->px[i]), low[1] = least(low[1], b->py[i]), low[2] = least(low[2], b->pz[i]);
    high[0] = most(high[0], b->px[i]), high[1] = most(high[1], b->py[i]), high[2] = most(high[2], b->pz[i]);
  }
  float size = 0.0F;
  for (int axis = 0; axis < 3; axis++) {
    middle[axis] = 0.5F * (low[axis] + high[axis]);
    size += 0.25F * (high[axis] - low[axis]) * (high[axis] - low[axis]);
  }
  size = sqrtf(size);
  for (int k = 0; k < v->count; k++) {
    const struct solid *s = v->solids + k;
    int is_box = s->kind >= BOX, shades = ground && overlap(&s->shaded, tile), closes = shades;
    if (solid) {
      float c[3] = {s->centre[0] - middle[0], s->centre[1] - middle[1], s->centre[2] - middle[2]};
      float ahead = dot(c, v->ground->light.sun);
      float reach = size + s->radius, square = dot(c, c), blurred = reach + 2.0F * SPREAD * most(ahead, 0.0F) + 0.01F;
      shades |= ahead > -reach && square - ahead * ahead < blurred * blurred;
      closes |= square < (reach + s->contact) * (reach + s->contact);
    }
    if (shades && s->kind >= MESH)
      shade_mesh(v, s, k, tile, b);
    else if (shades)
      (is_box ? shade_box : shade_round)(v, s, k, b);
    if (closes && s->kind != HEIGHTS) (is_box ? close_box : close_round)(s, k, b);
  }
}

/* Light what rays have hit: write their colours in the picture, 0 to 1. */
void light(const struct view *v, const struct box *tile, struct batch *b) {
  const float *horizon = v->ground->colours[HORIZON], *to = v->ground->light.sun, *share = v->ground->light.sky;
  const float strength = v->ground->light.strength, glossy = v->ground->light.shine;
  for (int i = 0; i < b->count; i++) b->lit[i] = b->open[i] = 1.0F;
  darken(v, tile, b);
  for (int i = 0; i < b->count; i++) {
    float dx = b->dx[i], dy = b->dy[i], dz = b->dz[i], nx = b->nx[i], ny = b->ny[i], nz = b->nz[i];
    int body = b->id[i] >= 0, sky = b->t[i] >= NEVER;
    float sun = most(nx * to[0] + ny * to[1] + nz * to[2], 0.0F) / to[2] * b->lit[i];
    float above = (0.5F + 0.5F * nz) * b->open[i], under = (0.5F - 0.5F * nz) * (0.4F + 0.6F * b->open[i]);
    float red = sqrtf(strength * (share[0] * above + BOUNCE[0] * under + (1.0F - share[0]) * sun));
    float green = sqrtf(strength * (share[1] * above + BOUNCE[1] * under + (1.0F - share[1]) * sun));
    float blue = sqrtf(strength * (share[2] * above + BOUNCE[2] * under + (1.0F - share[2]) * sun));
    float length = 1.0F / sqrtf(dx * dx + dy * dy + dz * dz), facing = -(dx * nx + dy * ny + dz * nz) * length;
    float hx = to[0] - dx * length, hy = to[1] - dy * length, hz = to[2] - dz * length; /* half-way */
    float gleam = most(hx * nx + hy * ny + hz * nz, 0.0F) / sqrtf(most(hx * hx + hy * hy + hz * hz, 1e-6F));
    gleam *= gleam, gleam *= gleam, gleam *= gleam, gleam *= gleam, gleam *= gleam; /* to the power of 32 */
    float edge = 1.0F - within(facing, 0.0F, 1.0F);
    edge *= edge;
    float shine = body ? glossy * gleam * least(sun, 1.0F) + RIM * edge * edge * above : 0.0F;
    red = sky ? 1.0F : red, green = sky ? 1.0F : green, blue = sky ? 1.0F : blue;
    float haze = b->haze[i];
    b->red[i] = within(b->red[i] * red + shine + haze * (horizon[0] - b->red[i] * red), 0.0F, 1.0F);
    b->green[i] = within(b->green[i] * green + shine + haze * (horizon[1] - b->green[i] * green), 0.0F, 1.0F);
    b->blue[i] = within(b->blue[i] * blue + shine + haze * (horizon[2] - b->blue[i] * blue), 0.0F, 1.0F);
  }
}
