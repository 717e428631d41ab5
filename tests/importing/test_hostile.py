"""Files that are made to do harm: each is refused, or left out, in one clear line, before it costs memory or time."""

import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from urdfs import joint, link

from roboschool.errors import InvalidInput
from roboschool.importing.importer import ImportedRobot, import_robot

BODY = '<body><joint/><geom size="1"/>'
FIXED = '<joint name="to_{0}" type="fixed"><parent link="arm"/><child link="{0}"/></joint>'


def bring_in(tmp_path: Path, text: str, suffix: str = ".urdf") -> ImportedRobot:
    path = tmp_path / f"tiny_bot{suffix}"
    path.write_text(text)
    return import_robot(path, tmp_path / "out")


def robot(*parts: str) -> str:
    return f"<robot name='odd'>{link('base')}{link('arm')}{joint('hinge', 'base', 'arm')}{''.join(parts)}</robot>"


def meshes(*names: str) -> str:
    shapes = "".join(f'<visual><geometry><mesh filename="{name}"/></geometry></visual>' for name in names)
    return robot(f'<link name="x">{shapes}</link>', FIXED.format("x"))


def chain(count: int) -> str:
    parts = [link(f"l{i}") for i in range(count)] + [joint(f"j{i}", f"l{i - 1}", f"l{i}") for i in range(1, count)]
    return f"<robot name='x'>{''.join(parts)}</robot>"


def ring(count: int) -> str:
    """Joints, each of which mimics the next."""
    follower = joint("k{0}", "arm", "m{0}").replace("</joint>", '<mimic joint="k{1}"/></joint>')
    return robot(*(link(f"m{i}") + follower.format(i, (i + 1) % count) for i in range(count)))


@pytest.mark.parametrize(
    ("text", "suffix", "words"),
    [
        (chain(200), ".urdf", "200 links that move, more than 120"),
        (chain(2001), ".urdf", "2001 links, not 1 to 2000"),
        (ring(50), ".urdf", "mimic each other go round in a cycle"),
        (robot("<a/>" * 250_000), ".urdf", "more than 200000 elements"),
        (f"<mujoco><worldbody><body>{(BODY + '</body>') * 2500}</body></worldbody></mujoco>", ".xml", "2501 links"),
        (f"<mujoco><worldbody>{BODY * 50}{'</body>' * 50}</worldbody></mujoco>", ".xml", "40 in each other"),
        (f"<mujoco>{'<default>' * 35}{'</default>' * 35}<worldbody>{BODY}</body></worldbody></mujoco>", ".xml", "32"),
        ('<!DOCTYPE mujoco [<!ENTITY a "a">]><mujoco>&a;</mujoco>', ".xml", "DOCTYPE"),
    ],
    ids=["chain", "links", "ring", "elements", "bodies", "depth", "classes", "entities"],
)
def test_hostile_models_are_refused(text: str, suffix: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        bring_in(tmp_path, text, suffix)


@pytest.mark.parametrize("name", ["a.urdf", "a.xml"])
def test_a_file_of_50_megabytes_is_not_read(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(50 * 2**20)
    with pytest.raises(InvalidInput, match="more than 16777216 bytes"):
        import_robot(tmp_path / name, tmp_path / "out")


def glb(index: dict[str, object], binary: bytes = b"") -> bytes:
    """A binary glTF."""
    text = json.dumps({"asset": {"version": "2.0"}, **index}).encode()
    text, binary = text + b" " * (-len(text) % 4), binary + b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def test_meshes_that_lie_or_are_packed_are_left_out(tmp_path: Path) -> None:
    numbers = {"count": -5, "componentType": 5126, "type": "VEC3"}
    scene = {"nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}], "meshes": [{"primitives": [{"attributes": {}}]}]}
    (tmp_path / "less.glb").write_bytes(glb({"accessors": [numbers], **scene}))
    (tmp_path / "cycle.glb").write_bytes(
        glb({"nodes": [{"children": [1]}, {"children": [0]}], "scenes": [{"nodes": [0]}]})
    )
    (tmp_path / "many.stl").write_bytes(b"x" * 80 + struct.pack("<I", 2**31) + b"\0" * 50)
    head = "ply\nformat ascii 1.0\nelement vertex 2000000000\n" + "".join(f"property float {c}\n" for c in "xyz")
    (tmp_path / "many.ply").write_text(f"{head}end_header\n0 0 0\n")
    (tmp_path / "deep.dae").write_text(f"<COLLADA>{'<a>' * 5000}{'</a>' * 5000}</COLLADA>")
    with zipfile.ZipFile(tmp_path / "bomb.zae", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.dae", b"0" * 2**26)
    os.mkfifo(tmp_path / "pipe.stl")
    names = ["less.glb", "cycle.glb", "many.stl", "many.ply", "deep.dae", "bomb.zae", "pipe.stl"]
    losses = [change for change in bring_in(tmp_path, meshes(*names)).report.changes if change.severity == "loss"]
    told = " ".join(f"{change.where}: {change.detail}" for change in losses)
    assert len(losses) == len(names), losses
    assert all(name in told for name in names)


def png(width: int, height: int) -> bytes:
    """A black picture: a few kB, whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (width + 1)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_huge_texture_is_refused(tmp_path: Path) -> None:
    picture = png(8000, 8000)
    corners = struct.pack("<9f6f3H2x", 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 2)
    places = ((0, 36), (36, 24), (60, 6), (68, len(picture)))
    views = [{"buffer": 0, "byteOffset": start, "byteLength": length} for start, length in places]
    kinds = ((5126, "VEC3"), (5126, "VEC2"), (5123, "SCALAR"))
    index = {
        "buffers": [{"byteLength": 68 + len(picture)}],
        "bufferViews": views,
        "accessors": [
            {"bufferView": view, "componentType": number, "count": 3, "type": kind}
            for view, (number, kind) in enumerate(kinds)
        ],
        "images": [{"bufferView": 3, "mimeType": "image/png"}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
    }
    (tmp_path / "huge.glb").write_bytes(glb(index, corners + picture))
    with pytest.raises(InvalidInput, match=r"huge.glb: a picture is larger than \d+ pixels a side"):
        bring_in(tmp_path, meshes("huge.glb"))


def test_a_texture_that_is_too_large_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(png(5000, 1))
    (tmp_path / "huge.mtl").write_text("newmtl huge\nmap_Kd huge.png\n")
    shape = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n"
    (tmp_path / "huge.obj").write_text(f"mtllib huge.mtl\nusemtl huge\n{shape}")
    (tmp_path / "none.obj").write_text(f"mtllib none.mtl\nusemtl none\n{shape}")
    changes = bring_in(tmp_path, meshes("huge.obj", "none.obj")).report.changes
    told = [change.detail for change in changes if change.kind == "colours that cannot be read were left out"]
    assert told == ["huge.png", "none.mtl"]


def test_of_very_many_shapes_the_largest_collide(tmp_path: Path) -> None:
    text = robot(*(link(f"x{i}") + FIXED.format(f"x{i}") for i in range(600)))
    imported = bring_in(tmp_path, text)
    assert sum(len(each.collisions) for each in imported.draft.links.values()) <= 512
    assert "of too many shapes the largest were kept" in " ".join(imported.report.lines())
