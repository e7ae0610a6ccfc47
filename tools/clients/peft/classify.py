"""Answers a JSON array of texts with the probabilities of each class: classify.py FOLDER TEXTS.json BASE.

BASE is the pretrained model that the adapter was trained on: a folder, or its name on the hub. The configuration of the
classifier gives it the number of classes and their names.
"""
import json
import sys

from peft import PeftModel
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, pipeline

folder, file, base_name = sys.argv[1:4]
with open(file, encoding="utf-8") as opened:
    texts = json.load(opened)

config = AutoConfig.from_pretrained(folder)
base = AutoModelForSequenceClassification.from_pretrained(base_name, config=config)
model = PeftModel.from_pretrained(base, folder + "/adapter")

classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))
answers = classify(texts, truncation=True, top_k=None)
print(json.dumps([{c["label"]: c["score"] for c in answer} for answer in answers]))
