"""What `mslora train` leaves opens in transformers, ONNX Runtime and PEFT, and they predict what mslora predicts; TensorBoard reads its curves."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import time

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from peft import PeftModel
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertModel, LlamaConfig, LlamaModel, PreTrainedTokenizerFast,
                          RobertaConfig, RobertaModel, pipeline)

import export_graphs
from exporter.fixtures import CLASSES, FAMILIES, VOCABULARY

ROOT = os.path.dirname(export_graphs.GRAPHS)
LIBRARIES = os.path.join(ROOT, ".deps", "lib")
POSITIONS = FAMILIES["bert"].config.max_position_embeddings
LABELS = ["bad", "good", 'so "so"']
WORDS = "the film plot cast is was a dull dreadful boring lovely fine great fair middling usual and not very".split()
OPINIONS = [["dull", "dreadful", "boring"], ["lovely", "fine", "great"], ["fair", "middling", "usual"]]
TEXTS = ["the film is lovely", "Dull!", "a fair plot and a great cast", "the cast was not dreadful", "unheard words: xyzzy",
         "the plot is very boring " * 12]  # the last is longer than the model's positions
CLOSE = 1e-4


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program as a function of its arguments; gives what it prints."""
    go = os.environ.get("GO", "go")
    if shutil.which(go) is None:
        pytest.skip(f"there is no {go} to build mslora with")
    if not glob.glob(os.path.join(LIBRARIES, "libtokenizers.a")) or not glob.glob(os.path.join(LIBRARIES, "libonnxruntime.*")):
        pytest.skip(f"{LIBRARIES} has not both native libraries; `make deps` puts them there")
    binary = tmp_path_factory.mktemp("bin") / "mslora"
    subprocess.run([go, "build", "-o", binary, "./cmd/mslora"], cwd=ROOT, check=True)

    def call(*arguments, stdin=""):
        done = subprocess.run([binary, *map(str, arguments)], cwd=ROOT, input=stdin, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    call.binary = binary
    return call


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    for name, architecture in export_graphs.TINY.items():
        os.symlink(os.path.join(export_graphs.GRAPHS, "testdata", name), folder / architecture.name)
    return folder


# model class, its configuration class, special tokens in the order of their ids: the tokens that frame a text, padding, unknown.
# Llama has none for padding. bge-small, for one, comes without a pooler.
BASES = {
    "bert": (BertModel, BertConfig, ["[PAD]", "[CLS]", "[SEP]"]),
    "bert without pooler": (lambda config: BertModel(config, add_pooling_layer=False), BertConfig, ["[PAD]", "[CLS]", "[SEP]"]),
    "roberta": (RobertaModel, RobertaConfig, ["[CLS]", "[PAD]", "[SEP]"]),
    "llama": (LlamaModel, LlamaConfig, ["[UNUSED]", "[CLS]", "[SEP]"]),
}


@pytest.fixture(scope="module", params=BASES)
def base(request, tmp_path_factory):
    """A tiny pretrained model as transformers writes it."""
    folder = tmp_path_factory.mktemp("base")
    build, settings, special = BASES[request.param]
    kept = FAMILIES[request.param.split()[0]].config.to_dict()
    for key in ("architectures", "id2label", "label2id", "dtype", "transformers_version"):
        kept.pop(key, None)
    config = settings(**kept | {"initializer_range": 0.4})
    if settings is LlamaConfig:
        config.pad_token_id = None
    torch.manual_seed(5)
    build(config).save_pretrained(folder)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*special, "[UNK]", *letters, *("##" + letter for letter in letters), *WORDS[5:], *"!:,"]
    words += [f"[unused{i}]" for i in range(VOCABULARY - len(words))]
    ids = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    framed = "[CLS] $A" if settings is LlamaConfig else "[CLS] $A [SEP]"
    tokenizer.post_processor = processors.TemplateProcessing(single=framed, special_tokens=[(t, ids[t]) for t in ("[CLS]", "[SEP]")])
    padding = {"pad_token": "[PAD]"} if "[PAD]" in special else {}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", bos_token="[CLS]", eos_token="[SEP]", **padding,
                            model_max_length=POSITIONS, model_input_names=["input_ids", "attention_mask"]).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["musclelora", "musclelora --head trained", "lora", "vanilla"])
def saved(request, program, base, graphs, tmp_path_factory):
    """(method, folder of a trained classifier)."""
    method, *head = request.param.split()
    folder = tmp_path_factory.mktemp(method)
    rows = [(f"the {noun} is {word}", LABELS[c]) for c, opinions in enumerate(OPINIONS) for word in opinions for noun in WORDS[1:5]]
    with open(folder / "texts.jsonl", "w") as file:
        file.writelines(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
    with open(folder / "trusted.jsonl", "w") as file:
        file.writelines(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows[::5])
    clean = ["--clean", folder / "trusted.jsonl"] if method == "musclelora" else []
    program("train", "--model", base, "--graphs", graphs, "--data", folder / "texts.jsonl", *clean, "--method", method, *head, "--precision", "float32",
            "--epochs", 5, "--batch", 4, "--lr", 0.01, "--out", folder / "classifier", "--quantize", "int8", "--tensorboard", "--quiet")
    return method, folder / "classifier"


@pytest.fixture(scope="module")
def predicted(program, saved, graphs):
    """mslora's own predictions of TEXTS."""
    lines = program("predict", saved[1], "--graphs", graphs, "--json", stdin="\n".join(TEXTS)).splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["text"] for row in rows] == TEXTS
    return rows


@pytest.fixture(scope="module")
def batch(saved):
    return AutoTokenizer.from_pretrained(saved[1])(TEXTS, padding=True, truncation=True, return_tensors="pt")


def logits(model, batch):
    with torch.no_grad():
        return model.eval()(**batch).logits.numpy()


def assert_same(got, predicted):
    """Log-probabilities of logits [B, C] against mslora's, whose classes are in the order of LABELS."""
    want = np.log([[row["probabilities"][label] for label in LABELS] for row in predicted])
    assert np.ptp(want, axis=0).max() > 100 * CLOSE  # else any model would do
    np.testing.assert_allclose(torch.tensor(got).log_softmax(-1).numpy(), want, rtol=0, atol=CLOSE)


def test_transformers(saved, predicted, batch):
    model = AutoModelForSequenceClassification.from_pretrained(saved[1])
    assert model.config.id2label == dict(enumerate(LABELS))
    assert_same(logits(model, batch), predicted)


def test_pipeline_names_the_labels(saved, predicted):
    answers = pipeline("text-classification", model=str(saved[1]), device="cpu")(TEXTS, truncation=True)
    assert [answer["label"] for answer in answers] == [row["label"] for row in predicted]


def test_onnxruntime_with_model_onnx_alone(saved, predicted, batch, tmp_path):
    shutil.copy(saved[1] / "onnx" / "model.onnx", tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert [i.name for i in session.get_inputs()] == ["input_ids", "attention_mask"]
    (got,) = session.run(["logits"], {name: batch[name].numpy() for name in ("input_ids", "attention_mask")})
    assert_same(got, predicted)


def test_quantized_weights(saved):
    """They are the float32 file's as numpy rounds them: tables by row, products by column and pairs of rows."""
    float32, quantized = ({i.name: onnx.numpy_helper.to_array(i) for i in onnx.load(saved[1] / "onnx" / name).graph.initializer}
                          for name in ("model.onnx", "model_quantized.onnx"))
    onnx.checker.check_model(onnx.load(saved[1] / "onnx" / "model_quantized.onnx"), full_check=True)
    rounded = [name for name in float32 if name + "_quantized" in quantized]
    assert len(rounded) > 10 and not set(rounded) & set(quantized)
    for name in rounded:
        table, weight = "embed" in name, float32[name]
        if table:
            largest = abs(weight).max(axis=1, keepdims=True)
        else:
            pairs = weight.reshape(-1, 2, weight.shape[1])
            largest = np.maximum(pairs.clip(min=0).sum(axis=1), -pairs.clip(max=0).sum(axis=1)).max(axis=0)
        scale = largest / np.float32(127)
        scale[scale == 0] = 1
        np.testing.assert_array_equal(quantized[name + "_scale"], scale)
        np.testing.assert_array_equal(quantized[name + "_quantized"], np.rint(weight / scale).astype(np.int8))


def test_onnxruntime_with_the_quantized_file_alone(saved, program, predicted, batch, tmp_path):
    shutil.copy(saved[1] / "onnx" / "model_quantized.onnx", tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model_quantized.onnx")
    (got,) = session.run(["logits"], {name: batch[name].numpy() for name in ("input_ids", "attention_mask")})
    rows = [json.loads(line) for line in program("predict", saved[1], "--quantized", "--json", stdin="\n".join(TEXTS)).splitlines()]
    assert_same(got, rows)
    want = np.array([[row["logits"][label] for label in LABELS] for row in predicted])
    difference = np.abs(got - want) / np.ptp(want)
    assert difference.mean() < 0.05 and difference.max() < 0.2  # models this small average nothing out


def test_tokenizer_json_alone(saved, batch):
    """It cuts the last text and fills up the batch as transformers does."""
    encoded = Tokenizer.from_file(str(saved[1] / "tokenizer.json")).encode_batch(TEXTS)
    assert [e.ids for e in encoded] == batch["input_ids"].tolist()
    assert [e.attention_mask for e in encoded] == batch["attention_mask"].tolist()


def test_peft(saved, predicted, batch, base):
    method, folder = saved
    if method == "vanilla":
        assert not (folder / "adapter").exists()
        return
    padding = AutoTokenizer.from_pretrained(folder).pad_token_id
    untrained = AutoModelForSequenceClassification.from_pretrained(base, num_labels=CLASSES, pad_token_id=padding)
    before = logits(untrained, batch)
    got = logits(PeftModel.from_pretrained(untrained, folder / "adapter"), batch)
    assert abs(got - before).max() > 100 * CLOSE
    assert_same(got, predicted)


def test_code_of_the_page_runs(saved, predicted, batch, base, tmp_path, monkeypatch):
    method, folder = saved
    with open(folder / "config.json") as file:
        if json.load(file)["model_type"] != "bert":
            pytest.skip("the page names bge-small")
    with open(os.path.join(ROOT, "docs", "train.md"), encoding="utf-8") as file:
        codes = re.findall(r"^```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    assert len(codes) == 3
    os.symlink(folder, tmp_path / "my-classifier")
    os.mkdir(tmp_path / "BAAI")
    os.symlink(base, tmp_path / "BAAI" / "bge-small-en-v1.5")
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in codes:
        if "peft" not in code or method != "vanilla":
            exec(code.replace("num_labels=2", f"num_labels={CLASSES}"), names)
    assert [row["label"] for row in names["classify"](TEXTS, truncation=True)] == [row["label"] for row in predicted]
    texts = ["a fine film", "a dull film"]
    assert [LABELS[i] for i in names["logits"].argmax(axis=1)] == [row["label"] for row in names["classify"](texts)]
    if method != "vanilla":
        assert_same(logits(names["model"], batch), predicted)


def curves(folder):
    """{tag: [(step, value)]} of the event file in a folder, as TensorBoard reads it."""
    run = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    run.Reload()
    return {tag: [(point.step, point.value) for point in run.Scalars(tag)] for tag in run.Tags()["scalars"]}


def by_epoch(values, epochs):
    steps = np.array([step for step, _ in values])
    assert steps.tolist() == list(range(1, len(steps) + 1))  # each step once
    return np.array([value for _, value in values]).reshape(epochs, -1)


def epochs_of(folder):
    with open(folder / "metrics.jsonl") as file:
        return [json.loads(line) for line in file]


def test_tensorboard(saved):
    method, folder = saved
    got, epochs = curves(folder / "training"), epochs_of(folder / "training")
    aligned = {"train/auxiliary_loss", "train/mu", "train/fully_aligned"} if method == "musclelora" else set()
    assert got.keys() == {"train/loss", "train/learning_rate", "train/gradient_norm", "dev/accuracy"} | aligned
    for tag in got.keys() & {"train/loss", "train/gradient_norm", "train/auxiliary_loss", "train/fully_aligned"}:
        want = [epoch[tag.removeprefix("train/")] for epoch in epochs]
        np.testing.assert_allclose(by_epoch(got[tag], len(epochs)).mean(axis=1), want, rtol=1e-5)
    steps = len(got["train/loss"])
    np.testing.assert_allclose(by_epoch(got["train/learning_rate"], 1)[0], 0.01 * (1 - np.arange(steps) / steps), rtol=1e-6)
    assert [step for step, _ in got["dev/accuracy"]] == [steps * (i + 1) // len(epochs) for i in range(len(epochs))]
    np.testing.assert_allclose([value for _, value in got["dev/accuracy"]], [epoch["dev_accuracy"] for epoch in epochs], rtol=1e-6)


def test_tensorboard_after_kills(program, base, graphs, tmp_path):
    """A training that was killed again and again has the curves of one that was not."""
    with open(tmp_path / "texts.csv", "w") as file:
        file.write("text,label\n")
        file.writelines(f"the {noun} is {word},{c}\n" for c, opinions in enumerate(OPINIONS) for word in opinions for noun in WORDS[1:5])
    arguments = ["train", "--model", base, "--graphs", graphs, "--data", tmp_path / "texts.csv", "--method", "lora", "--epochs", "20", "--batch", "4",
                 "--lr", "0.01", "--save-every", "3", "--tensorboard", "--quiet", "--out"]
    program(*arguments, tmp_path / "whole")
    events = tmp_path / "killed" / "training" / "events.out.tfevents.mslora"
    for _ in range(3):
        before = events.stat().st_size if events.exists() else 0
        with subprocess.Popen([program.binary, *map(str, arguments), tmp_path / "killed"], cwd=ROOT) as running:
            while running.poll() is None and (not events.exists() or events.stat().st_size < before + 2000):
                time.sleep(0.001)
            running.kill()
        assert running.returncode == -signal.SIGKILL
    program(*arguments, tmp_path / "killed")
    assert curves(tmp_path / "killed" / "training") == curves(tmp_path / "whole" / "training")


@pytest.mark.parametrize("base", ["bert"], indirect=True)
def test_tensorboard_of_a_fourier_analysis(program, base, graphs, tmp_path):
    """The curves of an analysis are the numbers of fourier.jsonl, at the width of the paper's figures."""
    (tmp_path / "clean").mkdir()
    rows = [f"the {noun} is {word},{c}\n" for c, opinions in enumerate(OPINIONS[:2]) for word in opinions for noun in WORDS[1:5]]
    for split in ("train", "dev", "test"):
        (tmp_path / "clean" / f"{split}.csv").write_text("text,label\n" + "".join(rows))
    program("poison", "--data", tmp_path / "clean", "--attack", "badnets", "--out", tmp_path / "sets", "--quiet")
    program("run", "--model", base, "--graphs", graphs, "--data", tmp_path / "sets", "--methods", "lora", "--epochs", 3, "--batch", 4, "--lr", 0.01,
            "--fourier", "--fourier-texts", 8, "--tensorboard", "--quiet", "--out", tmp_path / "runs")
    [events] = tmp_path.glob("runs/**/events.out.tfevents.mslora")
    got = curves(events.parent)
    header, *points = map(json.loads, (events.parent / "fourier.jsonl").read_text().splitlines())
    width = header["widths"].index(4)
    want = {"dev/asr": [(point["step"], point["asr"]) for point in points]}
    for mapping in ("clean", "backdoor"):
        for measure in ("lfr", "hfr", "low_error", "high_error"):
            values = [(point["step"], point[mapping][measure][width]) for point in points]
            want[f"fourier/{mapping}_{measure}"] = [(step, value) for step, value in values if value is not None]
    assert not want.pop("fourier/backdoor_high_error")  # its true mapping has no high part
    assert got.keys() == want.keys() | {"train/loss", "train/learning_rate", "train/gradient_norm", "dev/accuracy"}
    assert len(points) > 2 and {step for step, _ in got["train/loss"]} > {point["step"] for point in points}
    for tag, values in want.items():
        assert [step for step, _ in got[tag]] == [step for step, _ in values]
        np.testing.assert_allclose([value for _, value in got[tag]], [value for _, value in values], rtol=1e-4)
