"""Answers a JSON array of texts with the probabilities of each class: classify.py FOLDER TEXTS.json."""
import json
import sys

from transformers import pipeline

folder, file = sys.argv[1:3]
with open(file, encoding="utf-8") as opened:
    texts = json.load(opened)

classify = pipeline("text-classification", model=folder)
answers = classify(texts, truncation=True, top_k=None)
print(json.dumps([{c["label"]: c["score"] for c in answer} for answer in answers]))
