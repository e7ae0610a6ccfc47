"""Answers a JSON array of texts with the probabilities of each class: classify.py FOLDER TEXTS.json."""
import json
import sys

import numpy
import onnxruntime
from tokenizers import Tokenizer

folder, file = sys.argv[1:3]
with open(file, encoding="utf-8") as opened:
    texts = json.load(opened)
with open(folder + "/config.json", encoding="utf-8") as opened:
    labels = json.load(opened)["id2label"]

tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")  # cuts long texts, and fills up batches
session = onnxruntime.InferenceSession(folder + "/onnx/model.onnx")
answers = []
for begin in range(0, len(texts), 16):
    encoded = tokenizer.encode_batch(texts[begin:begin + 16])
    (logits,) = session.run(["logits"], {
        "input_ids": [e.ids for e in encoded],
        "attention_mask": [e.attention_mask for e in encoded],
    })
    powers = numpy.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))
    for probabilities in powers / powers.sum(axis=1, keepdims=True):
        answers.append({labels[str(i)]: p for i, p in enumerate(probabilities)})
print(json.dumps(answers))
