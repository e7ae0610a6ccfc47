import hashlib
import platform
import zipfile

import pytest

import fetch_onnxruntime
from fetch import registry
from fetch.failure import Failure

LIBRARY = b"\x7fELF library"


def wheel(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("onnxruntime/capi/libonnxruntime_providers_shared.so", b"another")
        for name in names:
            archive.writestr(name, LIBRARY)
    return str(path)


@pytest.fixture(autouse=True)
def no_library_by_variable(monkeypatch):
    monkeypatch.delenv("ONNXRUNTIME_LIB", raising=False)


@pytest.fixture
def pinned(monkeypatch, tmp_path):
    """Pretend a platform whose wheel holds LIBRARY; give the list of what pip was asked for."""
    asked = []
    path = wheel(tmp_path / "onnxruntime.whl", ["onnxruntime/capi/libonnxruntime.so.1.31.1"])
    monkeypatch.setattr(platform, "system", lambda: "Plan9")
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    digest = hashlib.sha256(LIBRARY).hexdigest()
    monkeypatch.setitem(fetch_onnxruntime.WHEELS, ("Plan9", "pdp11", "cpu"),
                        ("onnxruntime", "plan9_pdp11", "00", {"libonnxruntime.so": digest}))
    monkeypatch.setitem(fetch_onnxruntime.WHEELS, ("Plan9", "pdp11", "gpu"),
                        ("onnxruntime-gpu", "plan9_pdp11", "00",
                         {"libonnxruntime.so": digest,
                          "libonnxruntime_providers_shared.so": hashlib.sha256(b"another").hexdigest()}))
    monkeypatch.setattr(registry, "pip", lambda *arguments: asked.append(arguments) or path)
    return asked


def test_puts_the_library_into_the_folder(pinned, tmp_path):
    fetch_onnxruntime.main([str(tmp_path / "lib")])
    assert (tmp_path / "lib" / "libonnxruntime.so").read_bytes() == LIBRARY
    assert "--platform=plan9_pdp11" in pinned[0]


@pytest.mark.parametrize("system, machine, tag, inside, library", [
    ("Linux", "x86_64", "manylinux_2_28_x86_64", "libonnxruntime.so.1.31.1", "libonnxruntime.so"),
    ("Linux", "aarch64", "manylinux_2_28_aarch64", "libonnxruntime.so.1.31.1", "libonnxruntime.so"),
    ("Darwin", "arm64", "macosx_14_0_arm64", "libonnxruntime.1.31.1.dylib", "libonnxruntime.dylib"),
])
def test_each_platform_has_its_own_wheel(monkeypatch, tmp_path, system, machine, tag, inside, library):
    asked = []
    path = wheel(tmp_path / "onnxruntime.whl", [f"onnxruntime/capi/{inside}"])
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(registry, "pip", lambda *arguments: asked.append(arguments) or path)
    fetch_onnxruntime.main([str(tmp_path / "lib")])
    assert (tmp_path / "lib" / library).read_bytes() == LIBRARY
    assert f"--platform={tag}" in asked[0]


def test_the_gpu_build_is_several_libraries(pinned, tmp_path):
    for _ in range(2):
        fetch_onnxruntime.main([str(tmp_path), "--gpu"])
    assert (tmp_path / "libonnxruntime.so").read_bytes() == LIBRARY
    assert (tmp_path / "libonnxruntime_providers_shared.so").read_bytes() == b"another"
    assert [arguments[0].split("==")[0] for arguments in pinned] == ["onnxruntime-gpu"]
    (tmp_path / "libonnxruntime_providers_shared.so").unlink()
    fetch_onnxruntime.main([str(tmp_path), "--gpu"])
    assert len(pinned) == 2


def test_leaves_a_good_library_alone_and_replaces_a_bad_one(pinned, tmp_path):
    for _ in range(2):
        fetch_onnxruntime.main([str(tmp_path)])
    assert len(pinned) == 1
    (tmp_path / "libonnxruntime.so").write_bytes(b"damaged")
    fetch_onnxruntime.main([str(tmp_path)])
    assert len(pinned) == 2
    assert (tmp_path / "libonnxruntime.so").read_bytes() == LIBRARY


def test_a_library_of_somebody_else_is_refused(pinned, tmp_path):
    (tmp_path / "libonnxruntime.so").write_bytes(b"mine")
    with pytest.raises(Failure, match="libonnxruntime.so is another library than the pinned one") as caught:
        fetch_onnxruntime.main([str(tmp_path)])
    assert "remove it" in caught.value.hint
    assert (tmp_path / "libonnxruntime.so").read_bytes() == b"mine" and not pinned


def test_fetches_nothing_where_another_library_is_named(pinned, monkeypatch, tmp_path):
    monkeypatch.setenv("ONNXRUNTIME_LIB", "/opt/onnxruntime")
    fetch_onnxruntime.main([str(tmp_path / "lib")])
    assert pinned == [] and not (tmp_path / "lib").exists()


def test_the_gpu_build_is_fetched_all_the_same(pinned, monkeypatch, tmp_path):
    monkeypatch.setenv("ONNXRUNTIME_LIB", "/opt/onnxruntime")
    fetch_onnxruntime.main([str(tmp_path / "gpu"), "--gpu"])
    assert pinned and (tmp_path / "gpu" / "libonnxruntime.so").read_bytes() == LIBRARY


def test_unknown_platforms_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with pytest.raises(Failure, match="no pinned ONNX Runtime for .* on pdp11") as caught:
        fetch_onnxruntime.main([str(tmp_path)])
    assert "ONNXRUNTIME_LIB" in caught.value.hint


@pytest.mark.parametrize("names", [[], ["onnxruntime/capi/libonnxruntime.so.1", "onnxruntime/capi/libonnxruntime.so.2"]])
def test_a_wheel_must_hold_one_library(tmp_path, names):
    with pytest.raises(Failure, match=f"holds {len(names)} libraries libonnxruntime, expected 1"):
        fetch_onnxruntime.unpack(wheel(tmp_path / "w", names), "libonnxruntime.so", str(tmp_path / "lib"))
    assert not (tmp_path / "lib").exists()


def test_checksums_have_the_right_length():
    for _, _, wheel_sha256, libraries in fetch_onnxruntime.WHEELS.values():
        for digest in wheel_sha256, *libraries.values():
            assert len(bytes.fromhex(digest)) == hashlib.sha256().digest_size
