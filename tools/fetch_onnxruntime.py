#!/usr/bin/env python3
"""Put ONNX Runtime's library into a folder.

usage: fetch_onnxruntime.py FOLDER

The library comes out of ONNX Runtime's Python wheel: one fixed file per platform, whatever the version of
the local Python, so that its checksum can be pinned. A library that is there already is left alone, and
nothing is fetched where ONNXRUNTIME_LIB names another.
"""

import argparse
import os
import platform
import sys
import tempfile
import zipfile

from fetch import files, registry
from fetch.failure import Failure, run

VERSION = "1.31.1"  # the newest that exists for CPU and GPU; onnxruntime_go needs 1.24 or later

# (system, machine) -> pip's platform tag, SHA-256 of the wheel, SHA-256 of the library in it, the library's name
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_28_x86_64",
        "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
        "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3", "libonnxruntime.so"),
    ("Linux", "aarch64"): (
        "manylinux_2_28_aarch64",
        "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
        "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467", "libonnxruntime.so"),
    ("Darwin", "arm64"): (
        "macosx_14_0_arm64",
        "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
        "d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36", "libonnxruntime.dylib"),
}


def unpack(wheel, path):
    """Write the library inside a wheel to path."""
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith("onnxruntime/capi/libonnxruntime.")]
        if len(names) != 1:
            raise Failure(f"{wheel} holds {len(names)} ONNX Runtime libraries, expected 1")
        files.write(path, archive.read(names[0]))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    folder = parser.parse_args(arguments).folder
    if os.environ.get("ONNXRUNTIME_LIB"):
        return
    system = platform.system(), platform.machine()
    if system not in WHEELS:
        raise Failure(f"there is no pinned ONNX Runtime for {system[0]} on {system[1]}",
                      f"install ONNX Runtime {VERSION} and name its library with ONNXRUNTIME_LIB")
    tag, wheel_sha256, library_sha256, name = WHEELS[system]
    path = os.path.join(folder, name)
    if os.path.exists(path) and files.sha256(path) == library_sha256:
        return
    with tempfile.TemporaryDirectory() as scratch:
        wheel = registry.pip(f"onnxruntime=={VERSION}", wheel_sha256, scratch, "--only-binary=:all:",
                             "--implementation=cp", "--python-version=3.12", "--abi=cp312", f"--platform={tag}")
        unpack(wheel, path)
    print(f"ONNX Runtime {VERSION}: {path}")


if __name__ == "__main__":
    sys.exit(run(main))
