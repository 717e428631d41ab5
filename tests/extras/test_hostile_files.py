"""Files as large as they get: each costs less than 1 GiB and a minute of a core, and is told in one line."""

import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from urdfs import joint, link

MEMORY = 1024  # [MiB]
SECONDS = 60.0  # of a core
LEAST = '<link name="x"><visual><geometry><mesh filename="{}"/></geometry></visual></link>'
FIXED = '<joint name="to_x" type="fixed"><parent link="arm"/><child link="x"/></joint>'


def robot(parts: str) -> str:
    return f"<robot name='odd'>{link('base')}{link('arm')}{joint('hinge', 'base', 'arm')}{parts}</robot>"


def chain(count: int) -> str:
    parts = [link(f"l{i}") for i in range(count)] + [joint(f"j{i}", f"l{i - 1}", f"l{i}") for i in range(1, count)]
    return f"<robot name='x'>{''.join(parts)}</robot>"


def ring(count: int) -> str:
    follower = joint("k{0}", "arm", "m{0}").replace("</joint>", '<mimic joint="k{1}"/></joint>')
    return robot("".join(link(f"m{i}") + follower.format(i, (i + 1) % count) for i in range(count)))


def zip_bomb(file: Path) -> None:
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("bomb.dae", "w", force_zip64=True) as packed:
        for _ in range(64):
            packed.write(b"0" * 2**24)


def texture(file: Path) -> None:
    """A texture that takes 1 GB when it is unpacked."""
    corners = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\n"
    faces = "f 1/1 2/1 3/1\nf 1/1 2/1 4/1\nf 1/1 3/1 4/1\nf 2/1 3/1 4/1\n"
    file.write_text(f"mtllib m.mtl\nusemtl a\n{corners}{faces}")
    (file.parent / "m.mtl").write_text("newmtl a\nmap_Kd t.png\n")
    Image.new("L", (32_000, 32_000)).save(file.parent / "t.png", compress_level=1)


def large_stl(file: Path) -> None:
    with file.open("wb") as written:
        written.write(b"x" * 80 + struct.pack("<I", 21_474_836))
        written.truncate(2**30 + 84)


def outside(file: Path) -> None:
    secret = file.parents[2] / "secret.stl"
    secret.write_bytes(b"x" * 84)
    file.symlink_to(secret)


MESHES: dict[str, tuple[str, Callable[[Path], object]]] = {  # name of the mesh, and what makes it
    "zip bomb": ("m.zae", zip_bomb),
    "zip bomb named .dae": ("m.dae", zip_bomb),
    "zip bomb named .glb": ("m.glb", zip_bomb),
    "texture of 1 GB": ("m.obj", texture),
    "mesh of 1 GiB": ("m.stl", large_stl),
    "2^31 faces": ("m.stl", lambda file: file.write_bytes(b"x" * 80 + struct.pack("<I", 2**31) + b"\0" * 50)),
    "not a number": ("m.obj", lambda file: file.write_text("v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")),
    "deep XML of 50 MB": (
        "m.dae",
        lambda file: file.write_text(f"<COLLADA>{'<a>' * 7_000_000}{'</a>' * 7_000_000}</COLLADA>"),
    ),
    "wide XML of 50 MB": ("m.dae", lambda file: file.write_text(f"<COLLADA>{'<asset/>' * 6_000_000}</COLLADA>")),
    "text of 140 MB": (
        "m.obj",
        lambda file: file.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n" + "f 1 2 3\n" * 17_000_000),
    ),
    "a link that leads out": ("m.stl", outside),
    "a path that leads out": ("../../../etc/passwd", lambda file: None),
    "a whole path": ("/etc/passwd", lambda file: None),
    "a pipe": ("m.stl", os.mkfifo),
}
TEXTS = {
    "XML of 50 MB": lambda: f"<robot name='x'><!-- {'x' * 50 * 2**20} --></robot>",
    "elements of 15 MB": lambda: f"<robot name='x'>{'<a/>' * 3_900_000}</robot>",
    "5000 links": lambda: chain(5000),
    "a chain of 1999 links": lambda: chain(1999),
    "mimics in a cycle": lambda: ring(50),
}


@pytest.mark.parametrize("name", [*MESHES, *TEXTS])
def test_a_hostile_file_costs_little(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "pack" / "urdf"
    folder.mkdir(parents=True)
    if name in MESHES:
        mesh, fill = MESHES[name]
        fill(folder / mesh)
        text = robot(LEAST.format(mesh) + FIXED)
    else:
        text = TEXTS[name]()
    (folder / "bot.urdf").write_text(text)
    words = [sys.executable, "-m", "roboschool.cli", "new", "robot", str(folder / "bot.urdf"), "--dry-run"]
    code = "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], capture_output=True); " + (
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(used.ru_maxrss // 1024, used.ru_utime + used.ru_stime, done.returncode); "
        "print(done.stdout.decode() + done.stderr.decode())"
    )
    said = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True).stdout
    figures, *lines = said.splitlines()
    memory, seconds, code_of_exit = (float(number) for number in figures.split())
    print(f"{name}: {memory:.0f} MiB, {seconds:.1f} s, exit code {code_of_exit:.0f}")
    words_of = ("Error",) if code_of_exit else ("loss", "change: colours that cannot be read")
    assert sum(line.startswith(words_of) for line in lines) == 1, said
    assert "Traceback" not in said
    assert memory <= MEMORY
    assert seconds <= SECONDS
