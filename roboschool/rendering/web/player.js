// The player: what is shown when, and what buttons, keys and fingers do.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8], FASTEST = 60; // a body that is quicker has jumped [m/s]
const SLOW = 0.09, COARSEST = 0.4; // where pictures take so long they become smaller, down to this share [s]
const SETTLED = 2; // so long after the last change a picture that stands is not drawn any more [s]
const SHOWN = 120; // steps of the curve of rewards
const find = (name) => document.getElementById(name);

class Player {
  constructor(about) {
    this.about = about;
    this.picture = new Picture(find("picture"), about);
    this.view = new View(about.camera, about.agents.map((agent) => agent.radius));
    this.last = about.bodies.rows - 1;
    this.time = 0; // in steps
    this.speed = 1;
    this.playing = true;
    this.marks = [];
    this.changes = 0; // of markers, up to the step shown
    this.held = new Set();
    this.rest = 0; // since the last change [s]
    this.fine = 1; // share of the pixels of the screen, along a side
    this.returns = sums(about.rewards);
    this.counted = countsBefore(about);
    this.fillControls();
    this.fillTable();
  }

  fillControls() {
    const { agents, camera } = this.about, follow = find("follow");
    find("seek").max = this.last;
    for (const speed of SPEEDS) find("speed").add(new Option(`${speed}×`, speed));
    if (camera) follow.add(new Option("scene's camera", SCENE));
    follow.add(new Option(agents.length > 1 ? "follow all" : "follow", ALL));
    if (agents.length > 1) agents.forEach((agent, number) => follow.add(new Option(`follow ${agent.name}`, number)));
    follow.add(new Option("free camera", FREE));
    this.setSpeed(1);
    find("play").onclick = () => this.play(!this.playing);
    find("seek").oninput = () => this.seek(Number(find("seek").value));
    find("speed").onchange = () => this.setSpeed(Number(find("speed").value));
    follow.onchange = () => this.view.choose(Number(follow.value));
    find("keys").onclick = () => find("help").classList.toggle("shown");
    addEventListener("keydown", (event) => this.press(event));
    addEventListener("keyup", (event) => this.held.delete(event.key.toLowerCase()));
    addEventListener("blur", () => this.held.clear());
    for (const kind of ["pointerdown", "pointermove", "wheel", "keydown", "input", "change", "resize"])
      addEventListener(kind, () => (this.rest = 0), { capture: true, passive: true });
    new Hand(find("picture"), this.view);
  }

  fillTable() {
    const table = find("table").firstElementChild, { seats, title } = this.about;
    table.createCaption().textContent = title;
    const head = table.insertRow();
    for (const word of ["", "", ...(this.counted ? ["score"] : []), "return"]) head.append(document.createElement("th"), "");
    [...head.cells].forEach((cell, k) => (cell.textContent = ["", "", ...(this.counted ? ["score"] : []), "return"][k]));
    this.cells = seats.map((own) => {
      const row = table.insertRow(), dot = document.createElement("i"), seat = row.insertCell(), name = row.insertCell();
      seat.className = name.className = "word";
      if (own.colour) dot.style.background = `rgb(${own.colour})`;
      else dot.style.display = "none";
      seat.append(dot, own.label);
      name.textContent = own.name;
      return { score: this.counted && row.insertCell(), total: row.insertCell() };
    });
  }

  play(playing) {
    if (playing && this.time >= this.last) this.seek(0);
    this.playing = playing;
  }

  seek(step) {
    this.time = Math.max(0, Math.min(this.last, step));
    this.rest = 0;
  }

  setSpeed(speed) {
    this.speed = speed;
    find("speed").value = speed;
  }

  press(event) {
    const key = event.key.toLowerCase(), own = event.target.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey;
    if (own) return;
    const second = 1 / this.about.timestep, speeds = SPEEDS.indexOf(this.speed), step = Math.round(this.time);
    const keys = {
      " ": () => this.play(!this.playing),
      arrowleft: () => this.seek(this.time - second),
      arrowright: () => this.seek(this.time + second),
      ",": () => (this.play(false), this.seek(step - 1)),
      ".": () => (this.play(false), this.seek(step + 1)),
      home: () => this.seek(0),
      end: () => this.seek(this.last),
      "+": () => this.setSpeed(SPEEDS[Math.min(speeds + 1, SPEEDS.length - 1)]),
      "-": () => this.setSpeed(SPEEDS[Math.max(speeds - 1, 0)]),
      0: () => this.view.choose(ALL),
      f: () => this.view.choose(FREE),
    };
    keys["="] = keys["+"];
    if (/^[1-9]$/.test(key) && Number(key) <= this.about.agents.length) this.view.choose(Number(key) - 1);
    else if (keys[key]) keys[key]();
    else if ("wasdqe".includes(key) && key.length === 1) this.held.add(key);
    else return;
    event.preventDefault();
  }

  // Show the next picture, some seconds after the last one.
  show(seconds) {
    if (seconds > SLOW && this.playing) this.fine = Math.max(COARSEST, 0.9 * this.fine);
    if (this.playing) this.seek(this.time + (seconds / this.about.timestep) * this.speed);
    if (this.time >= this.last) this.playing = false;
    const on = (key) => (this.held.has(key) ? seconds : 0);
    if (this.held.size) this.view.move(on("d") - on("a"), on("e") - on("q"), on("w") - on("s"));
    this.rest = this.playing || this.held.size ? 0 : this.rest + seconds;
    if (this.rest > SETTLED) return;
    this.draw(seconds);
    this.write();
  }

  place() {
    const { about } = this, longest = FASTEST * about.timestep;
    return placeLinks(about.links, interpolate(about.bodies, about.spans, this.time, longest));
  }

  draw(seconds) {
    const { about, picture } = this, canvas = picture.canvas, dense = this.fine * Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [Math.max(16, canvas.clientWidth * dense), Math.max(16, canvas.clientHeight * dense)].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const placed = this.place(), trunks = about.agents.map((agent) => transform(placed[agent.link], agent.centre));
    const view = this.view.look(trunks, width / height, seconds), markers = this.markers();
    const solids = markers.filter((marker) => marker.line <= 0); // balls and posts
    const shapes = about.shapes.concat(solids.map(({ line, radius, colour }) => ({ kind: line ? CAPSULE : SPHERE, half: [radius, radius, line ? -line / 2 : radius], colour })));
    const poses = placeShapes(about.shapes, placed).concat(solids.map(({ line, position: [x, y, z] }) => [...HERE.slice(0, 9), x, y, z + line / 2]));
    const wide = Math.min(25, Math.max(1.5, ...about.agents.map((agent) => 2 * agent.radius), ...trunks.map((p) => 2 + Math.hypot(...sum(p, trunks[0], -1)))));
    const focus = this.view.follow === FREE && this.view.target ? this.view.target : trunks[Math.max(0, this.view.follow)];
    picture.draw(view, shapes, poses, markers.filter((marker) => marker.line > 0), focus, wide);
  }

  // Return the markers of the step that is shown.
  markers() {
    const { markers } = this.about, step = Math.floor(this.time + 1e-6);
    if (this.changes && markers.row(this.changes - 1)[0] > step) (this.changes = 0), (this.marks = []);
    for (; this.changes < markers.rows && markers.row(this.changes)[0] <= step; this.changes++) {
      const [, number, x, y, z, radius, red, green, blue, line, ...end] = markers.row(this.changes);
      const colour = [red, green, blue].map((part) => part / 255);
      this.marks[number] = radius > 0 || line > 0 ? { position: [x, y, z], radius, colour, line, end } : null;
    }
    return this.marks.filter(Boolean);
  }

  write() {
    const { about } = this, step = Math.floor(this.time + 1e-6), over = step >= this.last, decimals = this.counted?.decimals;
    find("seek").value = step;
    find("play").textContent = this.playing ? "Pause" : over ? "Again" : "Play";
    find("time").textContent = `${(step * about.timestep).toFixed(1)} / ${(this.last * about.timestep).toFixed(1)} s`;
    if (document.activeElement !== find("follow")) find("follow").value = this.view.follow;
    about.seats.forEach((own, k) => {
      const of = (row) => own.agents.map((agent) => row[agent]), total = of(this.returns.row(step)).reduce((a, b) => a + b, 0);
      this.cells[k].total.textContent = total.toFixed(1);
      if (this.counted) {
        const counts = [...new Set(of(this.counted.at(step)).map((count) => count.toFixed(decimals)))];
        this.cells[k].score.textContent = counts.join(", ");
      }
    });
    const ending = about.seats.filter((own) => own.result).map((own) => `${own.name || own.label}: ${own.result}`);
    find("result").textContent = over ? [...ending, about.ending].filter(Boolean).join(" · ") : "";
    drawCurve(find("curve"), about, Math.max(0, this.view.follow), step);
  }
}

// Draw the last rewards of an agent; nothing of those to come.
function drawCurve(canvas, about, agent, step) {
  const [width, height] = [(canvas.width = canvas.clientWidth * 2), (canvas.height = canvas.clientHeight * 2)];
  const pen = canvas.getContext("2d"), first = Math.max(0, step - SHOWN), values = [];
  for (let k = first; k <= step; k++) values.push(about.rewards.row(k)[agent]);
  const most = Math.max(1, ...values.map(Math.abs)), x = (k) => width - ((step - first - k) * width) / SHOWN;
  const middle = 0.68 * height, half = 0.3 * height; // below the words
  pen.strokeStyle = "rgba(255,255,255,.3)";
  pen.strokeRect(0, middle, width, 0);
  pen.strokeStyle = about.agents[agent].colour ? `rgb(${about.agents[agent].colour})` : "#70e280";
  pen.lineWidth = 2.5;
  pen.beginPath();
  values.forEach((value, k) => pen.lineTo(x(k), middle - (value / most) * half));
  pen.stroke();
  pen.fillStyle = "#b9c3cf";
  pen.font = `${height / 3.2}px system-ui, sans-serif`;
  pen.fillText(`reward of ${about.agents[agent].name}: ${values.at(-1).toFixed(2)}`, 2, 0.3 * height);
}

function sums(table) {
  const numbers = Float64Array.from(table.numbers);
  for (let k = table.columns; k < numbers.length; k++) numbers[k] += numbers[k - table.columns];
  return { row: (step) => numbers.subarray(step * table.columns, (step + 1) * table.columns) };
}

// Return the scores by step, or null if the game counts nothing before its end.
function countsBefore({ scores, bodies }) {
  const rows = Array.from({ length: scores.rows }, (_, k) => Array.from(scores.row(k)));
  if (!rows.some(([step]) => step > 0 && step < bodies.rows - 1)) return null;
  const decimals = rows.some((row) => row.slice(1).some((count) => count % 1)) ? 2 : 0;
  return { decimals, at: (step) => (rows.findLast(([from]) => from <= step) ?? rows[0]).slice(1) };
}

// What mouse and fingers do to the picture.
class Hand {
  constructor(canvas, view) {
    Object.assign(this, { canvas, view, fingers: new Map() });
    canvas.oncontextmenu = (event) => event.preventDefault();
    canvas.onpointerdown = (event) => (canvas.setPointerCapture(event.pointerId), this.fingers.set(event.pointerId, event));
    canvas.onpointerup = canvas.onpointercancel = (event) => this.fingers.delete(event.pointerId);
    canvas.onpointermove = (event) => this.drag(event);
    canvas.addEventListener("wheel", (event) => (event.preventDefault(), view.scale(Math.exp(event.deltaY * 0.0012))), { passive: false });
  }

  drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const size = this.canvas.clientHeight, dx = (event.clientX - before.clientX) / size, dy = (event.clientY - before.clientY) / size;
    const other = [...this.fingers.entries()].find(([number]) => number !== event.pointerId)?.[1];
    if (other) {
      const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      this.view.scale(far(before) / far(event));
      this.view.move(-dx / 2, dy / 2, 0);
    } else if (before.buttons & 6 || event.shiftKey) this.view.move(-dx * 1.5, 0, dy * 1.5);
    else this.view.turn(dx * 3, dy * 2);
    this.fingers.set(event.pointerId, event);
  }
}

async function begin() {
  const player = new Player(await unpack(find("data").textContent.trim()));
  globalThis.player = player; // for tests, and for the curious
  let before = performance.now();
  const next = (now) => {
    player.show(Math.min(0.25, (now - before) / 1000));
    before = now;
    document.documentElement.dataset.ready = "yes";
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

begin().catch((error) => (find("fault").textContent = error.message));
