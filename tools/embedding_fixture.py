"""Writes ortrain/testdata/embeddings.json: the output of the embedding layer of each tiny model in graphs/testdata, as
transformers computes it on padded batches without dropout.

    .deps/export/bin/python tools/embedding_fixture.py
"""

import json
import pathlib

import torch
from transformers import AutoModel

ROOT = pathlib.Path(__file__).parent.parent
TEXTS = [[5, 17, 23, 99, 2], [7, 42], [11, 12, 13, 14, 15, 16]]
PADDING = {"tiny": 0, "tiny-roberta": 1, "tiny-llama": 0}

fixtures = {}
for family, padding in PADDING.items():
    model = AutoModel.from_pretrained(ROOT / "graphs" / "testdata" / family).eval()
    longest = max(len(text) for text in TEXTS)
    batch = torch.tensor([text + [padding] * (longest - len(text)) for text in TEXTS])
    with torch.no_grad():
        output = model.embed_tokens(batch) if family == "tiny-llama" else model.embeddings(input_ids=batch)
    fixtures[family] = [[float(f"{x:.7g}") for x in text.flatten().tolist()] for text in output]
path = ROOT / "ortrain" / "testdata" / "embeddings.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps({"texts": TEXTS, "padded": fixtures}) + "\n")
