#!/usr/bin/env python3
"""Put libonnxruntime into a folder.

usage: onnxruntime.py FOLDER

The library comes out of the Python wheel of ONNX Runtime, of which one fixed file per platform is fetched
whatever the version of the local Python, so that its checksum can be pinned.
"""

import io
import os
import platform
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fetched import Failure, pip_download, replace, report

VERSION = "1.31.1"  # the newest that exists for CPU and GPU; onnxruntime_go needs 1.24 or later

# (system, machine) -> pip's platform tag, SHA-256 of the wheel, name of the installed library
WHEELS = {
    ("Linux", "x86_64"): ("manylinux_2_28_x86_64", "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536", "libonnxruntime.so"),
    ("Linux", "aarch64"): ("manylinux_2_28_aarch64", "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc", "libonnxruntime.so"),
    ("Darwin", "arm64"): ("macosx_14_0_arm64", "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c", "libonnxruntime.dylib"),
}


def library(wheel):
    """Give the bytes of the library inside a wheel's bytes."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = [n for n in archive.namelist() if n.startswith("onnxruntime/capi/libonnxruntime.")]
        if len(names) != 1:
            raise Failure(f"the wheel holds {len(names)} ONNX Runtime libraries, expected 1")
        return archive.read(names[0])


def main(folder):
    system = platform.system(), platform.machine()
    if system not in WHEELS:
        raise Failure(f"no pinned ONNX Runtime for {system[0]} on {system[1]}",
                      f"install ONNX Runtime {VERSION} and name it with ONNXRUNTIME_LIB")
    tag, checksum, name = WHEELS[system]
    wheel = pip_download(f"onnxruntime=={VERSION}", checksum, "--only-binary=:all:", "--implementation=cp", "--python-version=3.12", f"--platform={tag}")
    replace(os.path.join(folder, name), library(wheel))
    print(f"ONNX Runtime {VERSION} is in {folder}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Failure as failure:
        sys.exit(report(failure))
