// Draws a scene with WebGL 2: shadows first, then ground and sky, then shapes.

const SHADOWS = 2048, NEAREST = 0.05, FARTHEST = 400; // size of the picture of shadows [pixels]; what is drawn [m]

class Picture {
  constructor(canvas, about) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: true });
    if (!gl) throw new Error("This page needs WebGL 2, which this browser does not have, or which is switched off.");
    Object.assign(this, { canvas, gl, about });
    this.shadowing = this.program(SHADOW_VERTEX, SHADOW_FRAGMENT);
    this.shaping = this.program(SHAPE_VERTEX, SHAPE_FRAGMENT);
    this.painting = this.program(SKY_VERTEX, SKY_FRAGMENT);
    const round = this.load(capsule());
    this.solids = { [SPHERE]: round, [CAPSULE]: round, [CYLINDER]: this.load(cylinder()), [BOX]: this.load(box()) };
    this.meshes = about.meshes.map((_, number) => this.load(mesh(about[`corners${number}`], about[`faces${number}`])));
    this.screen = gl.createVertexArray();
    gl.bindVertexArray(this.screen);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    this.shadows = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.shadows);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.DEPTH_COMPONENT24, SHADOWS, SHADOWS);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_COMPARE_MODE, gl.COMPARE_REF_TO_TEXTURE);
    for (const key of ["MIN", "MAG"]) gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_${key}_FILTER`], gl.LINEAR);
    for (const key of ["S", "T"]) gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_WRAP_${key}`], gl.CLAMP_TO_EDGE);
    this.frame = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, this.shadows, 0);
    gl.drawBuffers([gl.NONE]);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  program(vertex, fragment) {
    const gl = this.gl, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    ["corner", "normal", "cap"].forEach((name, place) => gl.bindAttribLocation(program, place, name));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`A shader cannot be linked: ${gl.getProgramInfoLog(program)}`);
    const at = new Proxy({}, { get: (found, name) => (name in found ? found[name] : (found[name] = gl.getUniformLocation(program, name))) });
    return { program, at };
  }

  load(numbers) {
    const gl = this.gl, array = gl.createVertexArray();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(numbers), gl.STATIC_DRAW);
    [[3, 0], [3, 12], [1, 24]].forEach(([size, offset], place) => {
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 28, offset);
    });
    return { array, count: numbers.length / 7 };
  }

  // Draw shapes at their poses, and lines on the ground, as seen by a view; `focus` is the middle of what has shadows.
  draw(view, shapes, poses, marks, focus, room) {
    const { gl, canvas, about } = this, grounded = about.ground.kind > 0;
    const seen = lens(view), sunlit = sunLens(focus, room);
    const drawn = shapes.map((shape, i) => [shape, poses[i]]);
    gl.enable(gl.DEPTH_TEST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.viewport(0, 0, SHADOWS, SHADOWS);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.shadowing.program);
    gl.uniformMatrix4fv(this.shadowing.at.sunlit, false, sunlit);
    for (const [shape, pose] of drawn) this.solid(this.shadowing, shape, pose);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clear(gl.DEPTH_BUFFER_BIT | gl.COLOR_BUFFER_BIT);
    gl.depthMask(false);
    gl.disable(gl.DEPTH_TEST);
    this.light(this.painting, view, sunlit, room, grounded);
    this.ground(view, marks);
    gl.bindVertexArray(this.screen);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.depthMask(true);
    gl.enable(gl.DEPTH_TEST);
    this.light(this.shaping, view, sunlit, room, grounded);
    gl.uniformMatrix4fv(this.shaping.at.seen, false, seen);
    for (const [shape, pose] of drawn) {
      gl.uniform3fv(this.shaping.at.own, shape.colour);
      this.solid(this.shaping, shape, pose);
    }
  }

  light({ program, at }, view, sunlit, room, grounded) {
    const gl = this.gl;
    gl.useProgram(program);
    gl.bindTexture(gl.TEXTURE_2D, this.shadows);
    gl.uniform1i(at.shadow, 0);
    gl.uniformMatrix4fv(at.sunlit, false, sunlit);
    gl.uniform3fv(at.eye, view.eye);
    gl.uniform3fv(at.horizon, this.about.ground.colours[1]);
    gl.uniform1f(at.texel, 1 / SHADOWS);
    gl.uniform1f(at.width, (2 * room) / SHADOWS);
    gl.uniform1f(at.grounded, grounded ? 1 : 0);
  }

  ground(view, marks) {
    const gl = this.gl, at = this.painting.at, ground = this.about.ground, some = marks.slice(0, MOST_MARKS);
    gl.uniform1i(at.kind, ground.kind);
    for (const key of ["ahead", "right", "up"]) gl.uniform3fv(at[key], view[key]);
    gl.uniform2f(at.half_size, view.wide, view.high);
    gl.uniform2f(at.pixel, (2 * view.wide) / this.canvas.width, (2 * view.high) / this.canvas.height);
    gl.uniform2fv(at.middle, ground.middle);
    gl.uniform4f(at.track, ground.low, ground.top, ground.lane, ground.finish ?? 1e9);
    gl.uniform3fv(at["colours[0]"], ground.colours.flat());
    gl.uniform1i(at.marked, some.length);
    if (!some.length) return;
    const [x, y] = ground.middle;
    gl.uniform4fv(at["segments[0]"], some.flatMap((m) => [m.position[0] - x, m.position[1] - y, m.end[0] - x, m.end[1] - y]));
    gl.uniform2fv(at["outlines[0]"], some.flatMap((m) => [m.radius, m.line]));
    gl.uniform3fv(at["paints[0]"], some.flatMap((m) => m.colour));
  }

  solid({ at }, shape, pose) {
    const gl = this.gl, [a, b, c] = shape.half, kind = shape.kind;
    const model = kind === MESH ? this.meshes[shape.mesh] : this.solids[kind];
    gl.uniformMatrix3fv(at.turn, false, [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => pose[i]));
    gl.uniform3f(at.place, pose[9], pose[10], pose[11]);
    if (kind === MESH) gl.uniform3f(at.scale, 1, 1, 1);
    else if (kind === BOX) gl.uniform3f(at.scale, a, b, c);
    else gl.uniform3f(at.scale, a, a, a);
    gl.uniform1f(at.reach, kind === CAPSULE || kind === CYLINDER ? c : 0);
    gl.bindVertexArray(model.array);
    gl.drawArrays(gl.TRIANGLES, 0, model.count);
  }
}

// Return the matrix (by columns) that takes the world to the picture.
function lens({ eye, right, up, ahead, wide, high }) {
  const a = (FARTHEST + NEAREST) / (FARTHEST - NEAREST), b = (2 * FARTHEST * NEAREST) / (FARTHEST - NEAREST);
  const rows = [right.map((x) => x / wide), up.map((x) => x / high), ahead.map((x) => a * x), ahead];
  const ends = rows.map((row) => -inner(row, eye));
  ends[2] -= b;
  return [0, 1, 2].flatMap((k) => rows.map((row) => row[k])).concat(ends);
}

function sunLens(middle, room) {
  const rows = [EAST, NORTH, SUN.map((x) => -x)].map((row) => row.map((x) => x / room)), ends = rows.map((row) => -inner(row, middle));
  return [0, 1, 2].flatMap((k) => [...rows.map((row) => row[k]), 0]).concat(ends, 1);
}
