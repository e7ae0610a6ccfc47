#!/usr/bin/env python3
"""Put ONNX Runtime's library into a folder.

usage: fetch_onnxruntime.py FOLDER [--gpu]

The library comes out of ONNX Runtime's Python wheel: one fixed file per platform, whatever the version of
the local Python, so that its checksum can be pinned. A library that is there already is left alone, and
nothing is fetched where ONNXRUNTIME_LIB names another, unless --gpu asks for it. Another library under its
name is replaced only if this program put it there; other files of the folder are left alone.
"""

import argparse
import os
import platform
import sys
import tempfile
import zipfile

from fetch import files, own, registry
from fetch.failure import Failure, run

KIND = "libraries"  # of the folder, which other libraries may share
VERSION = "1.31.1"  # the newest that exists for CPU and GPU; onnxruntime_go needs 1.24 or later

# (system, machine, build) -> the package on the index, pip's platform tag, SHA-256 of the wheel, and the SHA-256 of
# each library that is taken out of it
WHEELS = {
    ("Linux", "x86_64", "cpu"): (
        "onnxruntime", "manylinux_2_28_x86_64", "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
        {"libonnxruntime.so": "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3"}),
    ("Linux", "aarch64", "cpu"): (
        "onnxruntime", "manylinux_2_28_aarch64", "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
        {"libonnxruntime.so": "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467"}),
    ("Darwin", "arm64", "cpu"): (
        "onnxruntime", "macosx_14_0_arm64", "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
        {"libonnxruntime.dylib": "d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36"}),
    ("Linux", "x86_64", "gpu"): (  # CUDA 13 and cuDNN 9
        "onnxruntime-gpu", "manylinux_2_28_x86_64", "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
        {"libonnxruntime.so": "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303",
         "libonnxruntime_providers_shared.so": "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
         "libonnxruntime_providers_cuda.so": "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52"}),
}


def unpack(wheel, name, path):
    """Write the library inside a wheel that has this name, but for a version in it, to path."""
    stem = name.split(".")[0]
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith(f"onnxruntime/capi/{stem}.")]
        if len(names) != 1:
            raise Failure(f"{wheel} holds {len(names)} libraries {stem}, expected 1")
        files.write(path, archive.read(names[0]))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--gpu", action="store_true", help="the build with the CUDA provider")
    arguments = parser.parse_args(arguments)
    folder, build = arguments.folder, "gpu" if arguments.gpu else "cpu"
    if os.environ.get("ONNXRUNTIME_LIB") and not arguments.gpu:
        return
    system = platform.system(), platform.machine(), build
    if system not in WHEELS:
        raise Failure(f"there is no pinned ONNX Runtime for {system[0]} on {system[1]}, {build.upper()} build",
                      f"install ONNX Runtime {VERSION} and name its library with ONNXRUNTIME_LIB")
    package, tag, wheel_sha256, libraries = WHEELS[system]
    paths = {name: os.path.join(folder, name) for name in libraries}
    if all(os.path.exists(paths[name]) and files.sha256(paths[name]) == libraries[name] for name in libraries):
        return
    for name, path in paths.items():
        if os.path.exists(path) and files.sha256(path) != libraries[name] and own.marked(folder) != KIND:
            raise Failure(f"{path} is another library than the pinned one, and mslora did not put it there",
                          "name it with ONNXRUNTIME_LIB to use it, or remove it")
    with tempfile.TemporaryDirectory() as scratch:
        wheel = registry.pip(f"{package}=={VERSION}", wheel_sha256, scratch, "--only-binary=:all:",
                             "--implementation=cp", "--python-version=3.12", "--abi=cp312", f"--platform={tag}")
        own.mark(folder, KIND)
        for name, path in paths.items():
            unpack(wheel, name, path)
    print(f"ONNX Runtime {VERSION}: {', '.join(paths.values())}")


if __name__ == "__main__":
    sys.exit(run(main))
