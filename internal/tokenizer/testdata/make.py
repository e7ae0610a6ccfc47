"""Makes the test tokenizer and what the Python library says of the test texts.

usage: make.py     (needs tokenizers; writes config.json, tokenizer.json and encodings.json beside itself)

The vocabulary is small and our own: special tokens, characters, and a few words and endings. As in some
published models, tokenizer.json pads to a fixed length and truncates, which mslora must switch off.
"""

import json
import pathlib
import string

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a film is was not good bad great dull story act watch this of and in it un ##ing ##ed ##s ##ly ##er ##est ##or".split()
CHARACTERS = list(string.ascii_lowercase + string.digits + string.punctuation + "éüß中国電影日–’“”…€½")
TEXTS = [
    "",
    " ",
    "The film is great",
    "THE FILM IS GREAT!!!",
    "Watching this film, it was not bad; the acting: dull.",
    "unwatchable — an \"unloved\" story...",
    "a  lot\tof\nspace\r\n here  ",
    "Café déjà-vu, naïve façade, Über-große Straße",
    "e\u0301 as two characters, \u00e9 as one",
    "中国電影 is good 日本",
    "emoji 😀👍🏽 and 🇩🇪 flags",
    "zero\u200bwidth, soft\u00adhyphen, no\u00a0break, \ufeffmark",
    "control \x01\x07\x1b characters and \ufffd",
    "Привет, κόσμε, שלום, العالم",
    "x" * 100 + " " + "y" * 101 + " end",
    "[CLS] typed by hand [SEP] and [MASK] and [UNK] and [cls]",
    "cf mn bb tq mb in the film",
    "I watched this 3D movie",
    "1,000,000.50$ at 50% & <b>html</b> http://example.com/a?b=c#d",
    "don't can't it's the film's 'quoted'",
    "\u2028line\u2029separators\u0085here",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ﬁ ligature Ⅷ ½ ①",
    "the " * 300,
]


def main():
    tokens = dict.fromkeys(SPECIAL + CHARACTERS + ["##" + c for c in CHARACTERS] + WORDS)  # none twice
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")])
    encodings = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    write("encodings.json", encodings)
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(128)
    write("tokenizer.json", json.loads(tokenizer.to_str()))
    write("config.json", {"model_type": "bert", "vocab_size": tokenizer.get_vocab_size()})


def write(name, value):
    rows = ",\n".join(json.dumps(row) for row in value) if isinstance(value, list) else None
    text = f"[\n{rows}\n]" if rows else json.dumps(value, indent=1)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
