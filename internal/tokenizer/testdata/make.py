"""Makes the test tokenizers and what the Python library says of the test texts.

usage: make.py     (needs tokenizers and transformers; writes config.json, tokenizer.json and encodings.json beside itself, for
                    BERT, and in folders for the other families)

The vocabularies are small and our own: special tokens, characters, and a few words and endings. As in some
published models, tokenizer.json pads to a fixed length and truncates, which mslora must switch off.
"""

import json
import pathlib
import string

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import GPT2Tokenizer

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
# For tokenizers to which a blank belongs to the word behind it; none is trained on these.
BLANKS = ["  the film  ", " The film", "film ", "the film is good", "the film good", "\n a \n\n film\t", "<|endoftext|> typed by hand <|endoftext|>", "😀  😀 "]


def bert():
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
    write(HERE, tokenizer, {"model_type": "bert"})


def byte_level(special):
    """Byte-level BPE, as RoBERTa and many others have it, with the special tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return tokenizer


def roberta():
    tokenizer = byte_level(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    write(HERE / "roberta", tokenizer, {"model_type": "roberta", "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2})


def llama():
    """BPE as SentencePiece has it: words begin with a mark, what is unknown is spelled in bytes."""
    tokens, merges = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["\u2581"] + CHARACTERS, []
    for word in ("\u2581" + word for word in WORDS if not word.startswith("##")):
        for end in range(1, len(word)):
            merges.append((word[:end], word[end]))
            tokens.append(word[: end + 1])
    merges, tokens = list(dict.fromkeys(merges)), dict.fromkeys(tokens)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    write(HERE / "llama", tokenizer, {"model_type": "llama", "bos_token_id": 1, "eos_token_id": [2, 0]})


def smollm():
    """A Llama with a byte-level tokenizer that adds no special tokens."""
    write(HERE / "smollm", byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"]), {"model_type": "llama", "bos_token_id": 1, "eos_token_id": 2})


def gpt2():
    """GPT-2's byte-level tokenizer: its only special token comes last and is added to no text. Its own class makes it of the same tokens."""
    tokenizer = byte_level([])
    end = tokenizer.get_vocab_size()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    model = json.loads(tokenizer.to_str())["model"]
    reference = GPT2Tokenizer(vocab=model["vocab"] | {"<|endoftext|>": end}, merges=[tuple(merge) for merge in model["merges"]])
    texts = TEXTS + BLANKS
    for text in texts:
        assert reference(text).input_ids == tokenizer.encode(text).ids, text
    write(HERE / "gpt2", tokenizer, {"model_type": "gpt2", "bos_token_id": end, "eos_token_id": end}, texts)


def write(folder, tokenizer, config, texts=TEXTS):
    encodings = [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts]
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(128)
    folder.mkdir(exist_ok=True)
    for name, value in (("encodings.json", encodings), ("tokenizer.json", json.loads(tokenizer.to_str())),
                        ("config.json", config | {"vocab_size": tokenizer.get_vocab_size()})):
        rows = ",\n".join(json.dumps(row) for row in value) if isinstance(value, list) else None
        text = f"[\n{rows}\n]" if rows else json.dumps(value, indent=1)
        (folder / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    bert()
    roberta()
    llama()
    smollm()
    gpt2()
