"""Parity fixtures of a filter's gradient for one word's embedding (RAP), of unmodified, padded Hugging Face classifiers without dropout.

The loss is RAP's, for a word that stands behind the first token of each text. The weights are those of the tiny model of each family
in FOLDER and of its vanilla classifier's head in full.parity.safetensors.

usage: python -m exporter.row_fixtures FOLDER [FAMILY...]      (in tools/; FOLDER is graphs/testdata)
"""

import json
import os
import sys

import torch
from safetensors.torch import load_file

from .fixtures import CLASSES, FAMILIES, VOCABULARY

TOKEN, CLASS, LEAST, MOST, SCALE, RATE, STEPS = 40, 1, 0.01, 0.05, 2.0, 0.5, 4
LENGTHS = (4, 7, 5, 9, 12, 3)


def padded(family, texts):
    longest = max(map(len, texts))
    ids = torch.tensor([text + [family.padding] * (longest - len(text)) for text in texts])
    return {"input_ids": ids, "attention_mask": torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])}


def fixture(family, folder):
    torch.manual_seed(5)
    model = family.build(family.config).eval()
    stored = load_file(os.path.join(folder, family.folder, "model.safetensors"))
    own = {family.prefix + name.removeprefix(family.stored): value for name, value in stored.items()}
    head = {name: torch.randn_like(value) for name, value in model.state_dict().items() if name.startswith(family.head)}
    missing, unexpected = model.load_state_dict(own | head, strict=False)
    assert not unexpected and not missing, (missing, unexpected)
    random = torch.Generator().manual_seed(9)
    plain = [torch.randint(45, VOCABULARY, (length,), generator=random).tolist() for length in LENGTHS]
    worded = [text[:1] + [TOKEN] + text[1:] for text in plain]
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        before = torch.softmax(model(**padded(family, plain)).logits, -1)[:, CLASS]
    norm, steps = table[TOKEN].norm().item(), []
    for _ in range(STEPS):
        model.zero_grad()
        p = torch.softmax(model(**padded(family, worded)).logits, -1)[:, CLASS]
        d = p - before
        loss = SCALE * torch.clamp(d + LEAST, min=0).mean() + torch.clamp(-MOST - d, min=0).mean()
        loss.backward()
        steps.append({"row": table[TOKEN].tolist(), "loss": loss.item(), "probabilities": p.tolist(), "gradient": table.grad[TOKEN].tolist()})
        with torch.no_grad():
            table[TOKEN] -= RATE * table.grad[TOKEN]
            table[TOKEN] *= norm / table[TOKEN].norm()
    return {"token": TOKEN, "class": CLASS, "least": LEAST, "most": MOST, "scale": SCALE, "rate": RATE, "plain": plain, "worded": worded,
            "head": {name: {"shape": list(value.shape), "data": value.flatten().tolist()} for name, value in head.items()},
            "before": before.tolist(), "steps": steps}


def main(folder, *families):
    for family in families or FAMILIES:
        path = os.path.join(folder, FAMILIES[family].folder, "row.parity.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(fixture(FAMILIES[family], folder), file, separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
