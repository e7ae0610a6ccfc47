#!/usr/bin/env python3
"""Time the filter ONION beside the ways its public codes run it through PyTorch, one text after the other: that of its authors, which reads
a text and each of those without one of its words by itself; and OpenBackdoor's, which reads them in padded batches of 32.

All have the same language model and get the same texts, in turns. Both codes record gradients that nobody asks for and have
the model compute a loss that nobody reads; they are timed so, and the batches without these two, too. OpenBackdoor's counts padding as if it were text, which is left out
here, so that all sides decide alike; the texts that they leave are compared, and the perplexities of the texts as they are.
"""

import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys
import time

import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import record

COLUMNS = {"side": "", "seconds for 1,000 texts": ".0f", "beside mslora": ".2f", "texts": ".0f", "left otherwise": ".0f"}


class Mslora:
    def __init__(self, program, task, model, threads):
        self.process = subprocess.Popen([program, task, model, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, texts):
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, texts):
        return [sifted["Text"] for sifted in self.ask(texts)]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Public:
    """A public way with so many readings in a batch; careful leaves out gradients and the model's own loss."""

    def __init__(self, model, tokenizer, batch, careful=False):
        self.model, self.tokenizer, self.batch, self.careful = model, tokenizer, batch, careful

    def perplexities(self, texts):
        batch = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=96)
        ids, mask = batch.input_ids, batch.attention_mask
        with torch.no_grad() if self.careful else contextlib.nullcontext():
            logits = self.model(input_ids=ids, attention_mask=mask, **({} if self.careful else {"labels": ids})).logits
            values = []
            for row, text, length in zip(logits, ids, mask.sum(1)):
                values.append(torch.nn.functional.cross_entropy(row[: length - 1], text[1:length]).exp().item())
        return values

    def __call__(self, texts):
        return [self.kept(text.split()) for text in texts]

    def kept(self, words):
        if len(words) < 2:
            return " ".join(words)
        variants = [" ".join(words)] + [" ".join(words[:i] + words[i + 1:]) for i in range(len(words))]
        values = [value for i in range(0, len(variants), self.batch) for value in self.perplexities(variants[i:i + self.batch])]
        kept = [word for word, value in zip(words, values[1:]) if not values[0] - value > 0]
        return " ".join(kept or words)


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--program", required=True, help="what `go build ./tools/bench/onion` made")
    parser.add_argument("--model", default="smollm2-135m", help="name of a language model")
    parser.add_argument("--texts", default=record.REVIEWS / "test.csv", help="CSV of texts")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--count", type=int, default=32, help="texts, in slices of 8")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    o = parser.parse_args()
    folder = os.path.join(o.models, o.model)
    torch.set_num_threads(o.threads)
    texts = record.texts(o.texts, o.text_column)[: o.count + 1]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    careful = Public(model, tokenizer, 32, careful=True)
    sides = {
        "mslora": Mslora(o.program, "filter", folder, o.threads),
        "authors, one by one": Public(model, tokenizer, 1),
        "OpenBackdoor, in batches": Public(model, tokenizer, 32),
        "in batches, without gradients and loss": careful,
    }
    for side in sides.values():  # the first calls allocate
        side(texts[:1])
    kept = record.Record(COLUMNS)
    spent, differ = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0)
    for i in range(1, len(texts), 8):
        for name, side in sides.items():
            begin = time.perf_counter()
            left = side(texts[i:i + 8])
            spent[name] += time.perf_counter() - begin
            if name == "mslora":
                mine = left
            differ[name] += sum(a != b for a, b in zip(mine, left))
    sides["mslora"].close()
    reader = Mslora(o.program, "likelihood", folder, o.threads)
    distances = []
    for text, logs in zip(texts, reader.ask(texts)):
        reference = careful.perplexities([text])[0]
        distances.append(abs(math.exp(-sum(logs) / len(logs)) / reference - 1))
    reader.close()
    for name, seconds in spent.items():
        kept.add(name, 1000 * seconds / o.count, seconds / spent["mslora"], o.count, differ[name])
    kept.keep(o.out)
    print(f"perplexities of {len(texts)} texts differ by at most {max(distances):.1e}, relatively")


if __name__ == "__main__":
    sys.exit(main())
