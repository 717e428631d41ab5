// Where it is seen from: it follows robots smoothly, as camera_view.py does, or is moved by hand.

const VIEW = Math.tan((20 * Math.PI) / 180), NARROWEST = 0.5; // half of what is seen 1 m away, up and across, at least [m]
const SIDE = (-80 * Math.PI) / 180, FRONT = (-52 * Math.PI) / 180, LOW = (11 * Math.PI) / 180, HIGH = (15 * Math.PI) / 180;
const BEHIND = 5, FORGOTTEN = 9; // a robot so far behind the first begins to leave the picture, has left it [m]
const AIM = 0.25, ZOOM = 0.8; // how long a change of place, of distance takes [s]
const ALL = -1, FREE = -2, SCENE = -3; // what is followed, else the number of an agent
const MIDDLE = 0.65; // height of a robot's middle, if its trunk's is 1

const sum = (a, b, share = 1) => [a[0] + share * b[0], a[1] + share * b[1], a[2] + share * b[2]];
const inner = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => a.map((part) => part / (Math.hypot(...a) || 1));

class View {
  constructor(camera, radii) {
    this.radii = radii;
    this.camera = camera; // of the scene, or null
    this.follow = camera ? SCENE : ALL;
    this.around = radii.length > 1 ? FRONT : SIDE;
    this.down = radii.length > 1 ? HIGH : LOW;
    this.zoom = 1;
    this.reset();
  }

  reset() {
    this.target = this.distance = null;
  }

  choose(follow) {
    if (follow === FREE && this.follow === SCENE) this.leaveScene();
    if (follow >= ALL && this.follow < ALL) this.zoom = 1;
    this.follow = follow;
  }

  // Go on from where the scene's camera is.
  leaveScene() {
    const way = sum(this.camera.target, this.camera.eye, -1);
    this.distance = Math.hypot(...way);
    this.down = Math.asin(Math.max(-1, Math.min(1, -way[2] / this.distance)));
    this.around = Math.atan2(-way[1], -way[0]);
    this.target = [...this.camera.target];
    this.distance *= this.camera.half_width / this.high(1);
  }

  high(aspect) {
    return Math.max(VIEW, NARROWEST / aspect);
  }

  turn(dx, dy) {
    if (this.follow === SCENE) this.choose(FREE);
    this.around -= dx;
    this.down = Math.max(-0.2, Math.min(1.55, this.down + dy));
  }

  scale(factor) {
    if (this.follow === SCENE) this.choose(FREE);
    this.zoom = Math.max(0.05, Math.min(20, this.zoom * factor));
  }

  // Move by shares of what is seen: right, up in the picture, forward over the ground.
  move(right, up, forward) {
    this.choose(FREE);
    if (!this.target) return;
    const far = this.distance * this.zoom * 0.5, c = Math.cos(this.around), s = Math.sin(this.around);
    this.target = sum(this.target, [-s * right - c * forward, c * right - s * forward, up], far);
    this.target[2] = Math.max(0, this.target[2]);
  }

  // Return eye, axes and half of what is seen 1 m away, after some seconds; trunks are where the robots' are.
  look(trunks, aspect, seconds) {
    if (this.follow === SCENE) {
      const ahead = unit(sum(this.camera.target, this.camera.eye, -1)), steep = Math.abs(ahead[2]) > 0.985;
      const wide = this.camera.half_width * Math.max(1, aspect / this.camera.aspect);
      return this.axes(this.camera.eye, ahead, wide, wide / aspect, steep ? [0, 1, 0] : [0, 0, 1]);
    }
    const high = this.high(aspect), wide = high * aspect;
    const ahead = [-Math.cos(this.down) * Math.cos(this.around), -Math.cos(this.down) * Math.sin(this.around), -Math.sin(this.down)];
    if (this.follow !== FREE || !this.target) this.chase(trunks, ahead, wide, high, seconds);
    const eye = sum(this.target, ahead, -this.distance * this.zoom);
    eye[2] = Math.max(eye[2], 0.1);
    return this.axes(eye, ahead, wide, high, [0, 0, 1]);
  }

  chase(trunks, ahead, wide, high, seconds) {
    const own = this.follow >= 0 ? [this.follow] : trunks.map((_, i) => i);
    const points = gather(own.map((i) => [trunks[i][0], trunks[i][1], MIDDLE * trunks[i][2]]));
    const low = [0, 1, 2].map((k) => Math.min(...points.map((p) => p[k])));
    const top = [0, 1, 2].map((k) => Math.max(...points.map((p) => p[k])));
    const middle = low.map((part, k) => (part + top[k]) / 2), flat = this.axes(middle, ahead, wide, high, [0, 0, 1]);
    const needed = points.map((p, i) => {
      const way = sum(p, middle, -1), room = this.radii[own[i]], far = inner(way, ahead);
      return Math.max((Math.abs(inner(way, flat.right)) + room) / wide, (Math.abs(inner(way, flat.up)) + room) / high) - far;
    });
    const share = (time) => (this.target ? Math.exp(-seconds / time) : 0), [aim, zoom] = [share(AIM), share(ZOOM)];
    const distance = Math.min(60, Math.max(0.3, ...needed));
    this.target = middle.map((part, k) => (aim ? aim * this.target[k] + (1 - aim) * part : part));
    this.distance = zoom && this.distance ? zoom * this.distance + (1 - zoom) * distance : distance;
  }

  axes(eye, ahead, wide, high, top) {
    let right = cross(ahead, top);
    if (Math.hypot(...right) < 1e-6) right = cross(ahead, [0, 1, 0]);
    right = unit(right);
    return { eye, ahead, right, up: cross(right, ahead), wide, high };
  }
}

// Return the points with those far behind the first moved towards the others.
function gather(points) {
  const first = Math.max(...points.map((p) => p[0]));
  const weights = points.map((p) => Math.max(0, Math.min(1, (p[0] - first + FORGOTTEN) / (FORGOTTEN - BEHIND))));
  const whole = weights.reduce((a, b) => a + b, 0);
  const mean = [0, 1, 2].map((k) => points.reduce((a, p, i) => a + weights[i] * p[k], 0) / whole);
  return points.map((p, i) => mean.map((part, k) => part + weights[i] * (p[k] - part)));
}
