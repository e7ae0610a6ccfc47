"""What a measurement has to say of the machine, and the energy that its processors used."""

import datetime
import importlib.metadata
import os
import pathlib
import re

INSTRUCTIONS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")  # that matrix products depend on
PACKAGES = ("torch", "transformers", "onnxruntime")


def processor(cpuinfo):
    """The fields of the first processor, and the instructions of INSTRUCTIONS that it has."""
    text = pathlib.Path(cpuinfo).read_text(encoding="utf-8")
    fields = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", text.split("\n\n")[0], re.M))
    flags = fields.get("flags", "").split()
    return fields, [name for name in INSTRUCTIONS if name in flags]


def describe(cpuinfo="/proc/cpuinfo"):
    """Processor, processors that may be used, and versions."""
    fields, instructions = processor(cpuinfo)
    return {
        "processor": f"{fields.get('model name', 'unknown')}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}",
        "instructions": instructions,
        "processors": len(os.sched_getaffinity(0)),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def has_vnni(cpuinfo="/proc/cpuinfo"):
    """Whether mslora takes this processor for one that is fast in 8 bits."""
    return bool({"avx_vnni", "avx512_vnni"} & set(processor(cpuinfo)[1]))


def sides():
    """The precision of each side of mslora that takes turns here, by name."""
    return {"mslora": "float32"} | ({"mslora int8": "int8"} if has_vnni() else {})


def now():
    """The time, and the load averages of the last 1, 5 and 15 minutes."""
    time = datetime.datetime.now(datetime.timezone.utc)
    return {"time": time.isoformat(timespec="seconds"), "load_average": [round(load, 2) for load in os.getloadavg()]}


class Energy:
    """Joules that the processors' packages have used, by RAPL's counters; None where nobody may read them."""

    def __init__(self, root="/sys/class/powercap"):
        self.zones = []
        for folder in sorted(pathlib.Path(root).glob("intel-rapl:*")):  # AMD's have this name, too
            if (folder / "name").read_text().startswith("package") and os.access(folder / "energy_uj", os.R_OK):
                self.zones.append((folder, int((folder / "max_energy_range_uj").read_text())))
        self.last = self.counters()

    def counters(self):
        return [int((folder / "energy_uj").read_text()) for folder, _ in self.zones]

    def since(self):
        """Joules since the last call."""
        if not self.zones:
            return None
        before, self.last = self.last, self.counters()
        return sum((now - then) % (largest + 1) for now, then, (_, largest) in zip(self.last, before, self.zones)) / 1e6
