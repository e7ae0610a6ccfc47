package catalog

import "slices"

// Model is a model that can be named instead of giving its folder.
type Model struct {
	Name       string
	Repository string // of the model hub
	Revision   string // commit of the repository, so that everybody trains the same weights: 40 hexadecimal digits

	// BERT says what must come of a BERT whose folder is written anew, so that its bytes are the same as those that
	// tools/fetch_model.py makes of a package. Nil: the hub's files are kept as they are.
	BERT *BERT
}

// BERT holds checksums of an uncased BERT with 12 heads a layer.
type BERT struct {
	Size    int64  // of the hub's model.safetensors, in bytes
	SHA256  string // of the hub's model.safetensors
	Pooler  bool   // whether the pooler was trained
	Written string // SHA-256 of model.safetensors as written here: of every tensor's name, shape and values
	Vocabulary
}

// Vocabulary is the hub's vocab.txt.
type Vocabulary struct {
	Bytes     int64
	Sum       string // SHA-256
	Tokenizer string // SHA-256 of the tokenizer.json made from it
}

// uncased is shared by all uncased BERTs.
var uncased = Vocabulary{
	Bytes: 231508, Sum: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
	Tokenizer: "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}

// Models in the order in which they are listed. tools/fetch_model.py has the first three as well.
var Models = []Model{
	{Name: "bge-small", Repository: "BAAI/bge-small-en-v1.5", Revision: "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a", BERT: &BERT{
		Size: 133466304, SHA256: "3c9f31665447c8911517620762200d2245a2518d6e7208acc78cd9db317e21ad",
		Written: "7729f2cb94ad5e3d954f8c1f9a84f1c995b33bc843a353de5cc6a77caea7544d", Vocabulary: uncased,
	}},
	{Name: "minilm", Repository: "sentence-transformers/all-MiniLM-L6-v2", Revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41", BERT: &BERT{
		Size: 90868376, SHA256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", Pooler: true,
		Written: "1377e9af0ca0b016a9f2aa584d6fc71ab3ea6804fae21ef9fb1416e2944057ac", Vocabulary: uncased,
	}},
	{Name: "bert-base", Repository: "google-bert/bert-base-uncased", Revision: "86b5e0934494bd15c9632b12f734a8a67f723594", BERT: &BERT{
		Size: 440449768, SHA256: "68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3", Pooler: true,
		Written: "8e47716a979def3ee4331621abb95a2a07619cf6428ca798c051201cbbc0ff89", Vocabulary: uncased,
	}},
	// Commits of these repositories' main branches. Checksums of their files are not known here.
	{Name: "bert-large", Repository: "google-bert/bert-large-uncased", Revision: "6da4b6a26a1877e173fca3225479512db81a5e5b"},
	{Name: "roberta-base", Repository: "FacebookAI/roberta-base", Revision: "e2da8e2f811d1448a5b465c236feacd80ffbac7b"},
	{Name: "roberta-large", Repository: "FacebookAI/roberta-large", Revision: "722cf37b1afa9454edce342e7895e588b6ff1d59"},
	{Name: "smollm2-135m", Repository: "HuggingFaceTB/SmolLM2-135M", Revision: "93efa2f097d58c2a74874c7e644dbc9b0cee75a2"},
	{Name: "gpt2", Repository: "openai-community/gpt2", Revision: "607a30d783dfa663caf39e06633721c8d4cfcd7e"},         // a language model for ONION
	{Name: "llama2-7b", Repository: "meta-llama/Llama-2-7b-hf", Revision: "01c7f73d771dfac7d292323805ebc428287df4f9"}, // its owner grants access; see HF_TOKEN
}

// ModelNames lists the names of Models.
func ModelNames() (names []string) {
	for _, m := range Models {
		names = append(names, m.Name)
	}
	return names
}

func findModel(name string) (Model, bool) {
	at := slices.IndexFunc(Models, func(m Model) bool { return m.Name == name })
	if at < 0 {
		return Model{}, false
	}
	return Models[at], true
}

// howToGet says which commands get the model.
func (m Model) howToGet() string {
	how := "`mslora fetch " + m.Name + "` gets it"
	if m.BERT != nil {
		how += ", or without the model hub `python3 tools/fetch_model.py " + m.Name + "`"
	}
	return how
}
