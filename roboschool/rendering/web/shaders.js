// Programs of the graphics card. Light, ground and sky are those of native/light.c and native/ground.c.

const MOST_MARKS = 24; // lines on the ground that are drawn
const SUN = [-0.37139068, -0.55708601, 0.74278135], EAST = [0.83205029, -0.5547002, 0], NORTH = [0.41202309, 0.61803463, 0.66953425];

const PLACE = `
uniform mat3 turn; uniform vec3 place, scale; uniform float reach;
in vec3 corner, normal; in float cap;
vec3 world() { return turn * (corner * scale + vec3(0.0, 0.0, cap * reach)) + place; }`;

const SHADOW_VERTEX = `#version 300 es
${PLACE}
uniform mat4 sunlit;
void main() { gl_Position = sunlit * vec4(world(), 1.0); }`;

const SHADOW_FRAGMENT = `#version 300 es
precision mediump float;
void main() {}`;

const SHAPE_VERTEX = `#version 300 es
${PLACE}
uniform mat4 seen; out vec3 at, up;
void main() { at = world(); up = turn * normal; gl_Position = seen * vec4(at, 1.0); }`;

const LIGHT = `#version 300 es
precision highp float; precision highp sampler2DShadow;
uniform sampler2DShadow shadow; uniform mat4 sunlit; uniform vec3 eye, horizon; uniform float texel, width, grounded;
const vec3 SUN = vec3(${SUN}), SKY = vec3(0.34, 0.37, 0.42), BOUNCE = vec3(0.26, 0.25, 0.23);
out vec4 colour;
float lit(vec3 at, vec3 n) {
  vec4 p = sunlit * vec4(at + n * 0.8 * width, 1.0);
  vec3 q = p.xyz * 0.5 + 0.5;
  if (any(lessThan(q, vec3(0.002))) || any(greaterThan(q, vec3(0.998)))) return 1.0;
  float sum = 0.0;
  for (int i = 0; i < 9; i++) sum += texture(shadow, vec3(q.xy + texel * vec2(i % 3 - 1, i / 3 - 1), q.z - 0.0004));
  return sum / 9.0;
}
vec3 light(vec3 base, vec3 at, vec3 n, float shine, float haze) {
  vec3 way = normalize(at - eye);
  float sun = max(dot(n, SUN), 0.0) / SUN.z * lit(at, n), above = 0.5 + 0.5 * n.z, under = 0.5 - 0.5 * n.z;
  vec3 all = sqrt(SKY * above + BOUNCE * under + (1.0 - SKY) * sun);
  float gleam = pow(max(dot(normalize(SUN - way), n), 0.0), 32.0), edge = 1.0 - clamp(-dot(way, n), 0.0, 1.0);
  base = base * all + shine * (0.22 * gleam * min(sun, 1.0) + 0.10 * edge * edge * above);
  return mix(base, horizon, haze);
}`;

const SHAPE_FRAGMENT = `${LIGHT}
uniform vec3 own; in vec3 at, up;
void main() {
  if (grounded > 0.5 && at.z < -0.02) discard;
  colour = vec4(light(own, at, normalize(up), 1.0, 0.0), 1.0);
}`;

const SKY_VERTEX = `#version 300 es
in vec2 corner; out vec2 place;
void main() { place = corner; gl_Position = vec4(corner, 0.0, 1.0); }`;

const SKY_FRAGMENT = `${LIGHT}
in vec2 place;
uniform int kind, marked; uniform vec3 ahead, right, up; uniform vec2 half_size, pixel, middle;
uniform vec4 track; uniform vec3 colours[11];
uniform vec4 segments[${MOST_MARKS}]; uniform vec2 outlines[${MOST_MARKS}]; uniform vec3 paints[${MOST_MARKS}];
const int STUDIO = 0, TRACK = 2, STADIUM = 3;
const int ZENITH = 0, HORIZON = 1, BARE = 2, LANES = 3, WHITE = 4, BLACK = 5, GRASS = 6, MOWN = 7, CEILING = 8, FLOOR = 9, GLOW = 10;
const float CONTRAST = 0.12, SIDE = 1.0, LINE = 0.06, START = 0.12, FINISH = 1.0, SQUARE = 0.25;
const float TURN = 21.0, STRAIGHT = 15.0, HALF = 1.5, THIN = 0.05, PAD = 29.0, RUN = 27.0, CHALK = 0.1, MOWER = 2.625;
vec3 paint; vec2 at, blur; vec4 ways;
float covered(float end, float share) { return floor(end) * share + min(fract(end), share); }
float stripes(float x, float wide, float width, float period) {
  float h = 0.5 * wide / period, share = width / period;
  return (covered(x / period + h, share) - covered(x / period - h, share)) / (2.0 * h);
}
float band(float x, float wide, float low, float top) {
  return clamp((min(x + 0.5 * wide, top) - max(x - 0.5 * wide, low)) / wide, 0.0, 1.0);
}
float below(float x, float wide, float top) { return clamp((top - x) / wide + 0.5, 0.0, 1.0); }
float chequer(float a, float b) { return a + b - 2.0 * a * b; }
void cover(float share, int number) { paint = mix(paint, colours[number], share); }
float outward(vec2 way) { return abs(dot(ways.xy, way)) + abs(dot(ways.zw, way)) + 1e-6; }
float tiles(float beside) {
  return chequer(stripes(at.x, blur.x, SIDE, 2.0 * SIDE), stripes(at.y, blur.y, SIDE, 2.0 * SIDE) * beside);
}
float lanes(float x, float wide) {
  return stripes(x + HALF + 0.5 * THIN, wide, THIN, 1.0) * band(x, wide, -HALF - 0.5 * THIN, HALF + 0.5 * THIN);
}
void finish(float low, float top) {
  float x = at.x - track.w, end = band(at.y, blur.y, low, top) * band(x, blur.x, 0.0, FINISH);
  cover(end, WHITE);
  cover(end * chequer(stripes(x, blur.x, SQUARE, 2.0 * SQUARE), stripes(at.y - low, blur.y, SQUARE, 2.0 * SQUARE)), BLACK);
}
void paint_track() {
  float low = track.x, top = track.y, on = band(at.y, blur.y, low, top);
  cover(on, LANES);
  cover(CONTRAST * tiles(1.0 - on), BLACK);
  cover(stripes(at.y - low + 0.5 * LINE, blur.y, LINE, track.z) * band(at.y, blur.y, low - 0.5 * LINE, top + 0.5 * LINE), WHITE);
  cover(on * band(at.x, blur.x, -0.5 * START, 0.5 * START), WHITE);
  finish(low, top);
}
void paint_stadium() {
  float bare = 1.0 - band(at.x, blur.x, -41.0, 41.0) * band(at.y, blur.y, -26.0, 26.0);
  cover(bare, BARE);
  cover(CONTRAST * bare * tiles(1.0), BLACK);
  vec2 aside = vec2(sign(at.x) * max(abs(at.x) - STRAIGHT, 0.0), at.y);
  float away = length(aside) + 1e-6, wide = outward(aside / away);
  cover(below(away, wide, TURN - HALF) * stripes(at.x, blur.x, MOWER, 2.0 * MOWER), MOWN);
  cover(band(away, wide, TURN - HALF, TURN + HALF), LANES);
  cover(lanes(away - TURN, wide), WHITE);
  vec2 a = abs(at);
  float inside = below(a.x, blur.x, 26.25) * below(a.y, blur.y, 12.5);
  float lines = inside - below(a.x, blur.x, 26.25 - CHALK) * below(a.y, blur.y, 12.5 - CHALK);
  lines += inside * band(at.x, blur.x, -0.5 * CHALK, 0.5 * CHALK);
  lines += inside * (1.0 - below(a.x, blur.x, 18.0)) * below(a.y, blur.y, 7.4);
  lines -= inside * (1.0 - below(a.x, blur.x, 18.0 + CHALK)) * below(a.y, blur.y, 7.4 - CHALK);
  away = length(at) + 1e-6;
  lines += band(away, outward(at / away), 4.5 - 0.5 * CHALK, 4.5 + 0.5 * CHALK);
  cover(clamp(lines, 0.0, 1.0), WHITE);
  float y = at.y + TURN, along = band(at.x, blur.x, -PAD, PAD), on = along * band(y, blur.y, -HALF, HALF);
  cover(on, LANES);
  cover(CONTRAST * on * stripes(at.x, blur.x, SIDE, 2.0 * SIDE), BLACK);
  cover(along * lanes(y, blur.y), WHITE);
  cover(on * band(at.x, blur.x, -RUN - 0.5 * START, 0.5 * START - RUN), WHITE);
  finish(-TURN - HALF, HALF - TURN);
}
void paint_marks() {
  for (int i = 0; i < ${MOST_MARKS}; i++) {
    if (i >= marked) break;
    vec2 x = at - segments[i].xy, way = segments[i].zw - segments[i].xy;
    x -= clamp(dot(x, way) / max(dot(way, way), 1e-12), 0.0, 1.0) * way;
    float away = length(x) + 1e-6, low = outlines[i].x - 0.5 * outlines[i].y, top = outlines[i].x + 0.5 * outlines[i].y;
    paint = mix(paint, paints[i], band(away, outward(x / away), low, top));
  }
}
vec3 sky(vec3 way) {
  if (kind == STUDIO) {
    float s = dot(place - vec2(0.0, 0.1), place - vec2(0.0, 0.1));
    float glow = 0.9 / (1.0 + s * (1.0 + s * (0.5 + s / 6.0)));
    return mix(mix(colours[FLOOR], colours[CEILING], 0.5 + 0.5 * place.y), colours[GLOW], glow);
  }
  float rise = clamp(2.0 * way.z, 0.0, 1.0);
  return mix(colours[HORIZON], colours[ZENITH], sqrt(rise * sqrt(rise)));
}
void main() {
  vec3 way = ahead + place.x * half_size.x * right + place.y * half_size.y * up;
  float clear = max(50.0, 4.0 * eye.z), steepest = eye.z / (4.0 * clear);
  if (kind == STUDIO || -way.z <= steepest) { colour = vec4(sky(way), 1.0); return; }
  float t = eye.z / -way.z, slope = t * t / eye.z * up.z * pixel.y;
  at = eye.xy + t * way.xy - middle;
  ways = vec4(slope * way.xy + t * up.xy * pixel.y, t * right.xy * pixel.x);
  blur = abs(ways.xy) + abs(ways.zw) + 1e-6;
  paint = kind == STADIUM ? colours[GRASS] : colours[BARE];
  if (kind == TRACK) paint_track();
  else if (kind == STADIUM) paint_stadium();
  else cover(CONTRAST * tiles(1.0), BLACK);
  paint_marks();
  float share = t / clear;
  share *= sqrt(share);
  share = 1.0 - 1.0 / (1.0 + share * (1.0 + share * (0.5 + share * (1.0 / 6.0 + share / 24.0))));
  colour = vec4(light(paint, vec3(eye.xy + t * way.xy, 0.0), vec3(0.0, 0.0, 1.0), 0.0, share), 1.0);
}`;
