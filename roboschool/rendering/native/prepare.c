/* Prepares shapes for rays from one eye: where they and their shadows can be seen, and what all rays share. */

#include <math.h>

#include "structures.h"

static const float NEAREST = 0.02F; /* what is nearer to the eye may be anywhere in the picture [m] */
static const float EVERYWHERE = 1e9F;
static const float FLAT = 0.05F; /* shadows of discs seen from their edge are drawn as if they were thicker */
static const float AROUND = 3.0F, FARTHEST = 0.8F; /* contact shading reaches AROUND radii, at most FARTHEST [m] */
const float SPREAD = 0.03F;

/* Widen a box by where a ball is seen; `c` is its centre as seen from the eye. */
static void see_ball(const struct view *view, const float c[3], float radius, struct box *box) {
  const struct camera *camera = &view->camera;
  float z = dot(camera->ahead, c);
  if (z + radius < NEAREST) return; /* behind the eye */
  if (z - radius < NEAREST) {
    *box = (struct box){-EVERYWHERE, EVERYWHERE, -EVERYWHERE, EVERYWHERE};
    return;
  }
  const float *axes[2] = {camera->right, camera->up};
  const float size[2] = {camera->wide, camera->high};
  float low[2], high[2], square = z * z - radius * radius;
  for (int i = 0; i < 2; i++) {
    float x = dot(axes[i], c), root = radius * sqrtf(most(x * x + square, 0.0F));
    low[i] = (x * z - root) / square / size[i];
    high[i] = (x * z + root) / square / size[i];
  }
  float w = 0.5F * (float)view->picture->width, h = 0.5F * (float)view->picture->height;
  box->left = least(box->left, w * (1.0F + low[0]) - 1.0F);
  box->right = most(box->right, w * (1.0F + high[0]) + 1.0F);
  box->top = least(box->top, h * (1.0F - high[1]) - 1.0F);
  box->bottom = most(box->bottom, h * (1.0F - low[1]) + 1.0F);
}

/* Note where balls around a solid are seen, and where the ground around it is darker. */
static void see(const struct view *view, struct solid *s, float centres[][3], int count, float radius) {
  s->seen = s->shaded = (struct box){EVERYWHERE, -EVERYWHERE, EVERYWHERE, -EVERYWHERE};
  const float *sun = view->ground->light.sun;
  int behind = 0;
  for (int i = 0; i < count; i++) behind += dot(view->camera.ahead, centres[i]) < NEAREST;
  for (int i = 0; i < count; i++) {
    float *c = centres[i], up = c[2] + view->height;
    see_ball(view, c, radius, &s->seen);
    if (view->ground->kind == STUDIO || view->height <= 0.0F) continue;
    float far = up / sun[2], foot[3] = {c[0], c[1], -view->height};
    if (up > -radius) {
      float shadow[3] = {c[0] - far * sun[0], c[1] - far * sun[1], -view->height};
      see_ball(view, shadow, radius / sun[2] + 3.0F * SPREAD * most(far, 0.0F) + 0.02F, &s->shaded);
    }
    if (up < radius + s->contact) see_ball(view, foot, radius + s->contact, &s->shaded);
  }
  if (s->kind >= BOX && behind > 0 && behind < count) /* the eye may be in it, or beside a long side of it */
    s->seen = (struct box){-EVERYWHERE, EVERYWHERE, -EVERYWHERE, EVERYWHERE};
}

static void prepare_round(const struct light *light, struct solid *s, const float axis[3]) {
  float east = dot(axis, light->east), north = dot(axis, light->north), toward = dot(axis, light->sun);
  float sine = sqrtf(east * east + north * north), half = s->kind == SPHERE ? 0.0F : s->half[2];
  if (sine > 1e-4F)
    east /= sine, north /= sine;
  else
    east = 1.0F, north = 0.0F;
  for (int i = 0; i < 3; i++) {
    s->along[i] = east * light->east[i] + north * light->north[i];
    s->across[i] = north * light->east[i] - east * light->north[i];
  }
  s->reach = half * sine;
  s->ratio = sine > 1e-4F ? toward / sine : 0.0F;
  s->narrow = s->kind == CYLINDER ? 1.0F / most(fabsf(toward), FLAT) : 1.0F;
}

static void prepare_box(struct solid *s) {
  for (int i = 0; i < 3; i++) { /* the strip between the shadows of the edges along axis i */
    int j = (i + 1) % 3, k = (i + 2) % 3;
    float length = sqrtf(s->to_sun[j] * s->to_sun[j] + s->to_sun[k] * s->to_sun[k]);
    s->strips[i][i] = 0.0F;
    s->strips[i][j] = length > 1e-6F ? s->to_sun[k] / length : 0.0F;
    s->strips[i][k] = length > 1e-6F ? -s->to_sun[j] / length : 0.0F;
    s->widths[i] = length > 1e-6F ? fabsf(s->strips[i][j]) * s->half[j] + fabsf(s->strips[i][k]) * s->half[k] : 0.0F;
  }
}

static void prepare_one(const struct view *view, const struct shape *shape, const double *pose, struct solid *s) {
  float place[3], balls[8][3];
  int count = 1;
  s->kind = shape->kind, s->body = shape->body;
  s->mesh = shape->kind >= MESH ? view->picture->meshes + shape->mesh : 0;
  for (int i = 0; i < 9; i++) s->turn[i] = (float)pose[i];
  for (int i = 0; i < 3; i++) {
    place[i] = (float)(pose[9 + i] - view->camera.eye[i]);
    s->half[i] = shape->half[i], s->colour[i] = shape->colour[i];
  }
  turn_out(s->turn, shape->middle, s->centre);
  for (int i = 0; i < 3; i++) s->centre[i] += place[i];
  turn_back(s->turn, place, s->eye);
  for (int i = 0; i < 3; i++) s->eye[i] = -s->eye[i];
  turn_back(s->turn, view->ground->light.sun, s->to_sun);
  float radius = s->half[0], middle = most(most(least(s->half[0], s->half[1]), least(s->half[1], s->half[2])),
                                           least(s->half[0], s->half[2]));
  const float axis[3] = {s->turn[2], s->turn[5], s->turn[8]};
  if (s->kind >= BOX) {
    for (count = 0; count < 8; count++) {
      float corner[3], local[3];
      for (int i = 0; i < 3; i++) local[i] = count >> i & 1 ? s->half[i] : -s->half[i];
      turn_out(s->turn, local, corner);
      for (int i = 0; i < 3; i++) balls[count][i] = s->centre[i] + corner[i];
    }
    s->radius = sqrtf(dot(s->half, s->half));
    s->contact = least(middle, FARTHEST);
    prepare_box(s);
    radius = 0.0F;
  } else {
    count = s->kind == SPHERE ? 1 : 2;
    for (int end = 0; end < count; end++)
      for (int i = 0; i < 3; i++)
        balls[end][i] = s->centre[i] + (count == 1 ? 0.0F : (float)(2 * end - 1) * s->half[2] * axis[i]);
    s->radius = radius + (count == 1 ? 0.0F : s->half[2]);
    s->contact = least(AROUND * radius, FARTHEST);
    prepare_round(&view->ground->light, s, axis);
  }
  see(view, s, balls, count, radius);
}

/* Prepare all shapes of a view. */
void prepare(struct view *view, struct solid *solids) {
  const struct picture *p = view->picture;
  for (int i = 0; i < p->count; i++) prepare_one(view, p->shapes + i, p->poses + 12 * i, solids + i);
  view->solids = solids, view->count = p->count;
}
