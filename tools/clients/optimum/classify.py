"""Answers a JSON array of texts with the probabilities of each class: classify.py FOLDER TEXTS.json."""
import json
import sys

from optimum.onnxruntime import ORTModelForSequenceClassification
from transformers import AutoTokenizer, pipeline

folder, file = sys.argv[1:3]
with open(file, encoding="utf-8") as opened:
    texts = json.load(opened)

model = ORTModelForSequenceClassification.from_pretrained(folder)
classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))
answers = classify(texts, truncation=True, top_k=None)
print(json.dumps([{c["label"]: c["score"] for c in answer} for answer in answers]))
