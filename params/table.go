package params

// Names that the program itself reads. Rules, purifiers and filters name theirs where they read them.
const (
	Epochs       = "epochs"
	BatchSize    = "batch_size"
	LearningRate = "learning_rate"
	MaxTokens    = "max_tokens"
	ClipNorm     = "clip_norm"
	WeightDecay  = "weight_decay"
	ClassWeights = "class_weights"
	Head         = "head"
	LoRARank     = "lora_rank"
	LoRAAlpha    = "lora_alpha"
	Scales       = "scales"
	Bandwidth    = "bandwidth"
	ScaleAlpha   = "scale_alpha"
	Bottleneck   = "bottleneck"
	PrefixLength = "prefix_length"
	Auxiliary    = "auxiliary"
	Align        = "align"

	Suspected = "suspected"

	LanguageModel = "language_model"
)

// What Suspected may be.
const (
	SuspectedDrop    = "drop"
	SuspectedRelabel = "relabel"
	SuspectedWeigh   = "weigh"
)

// What Head may be. A frozen head keeps the values that it was drawn with.
const (
	HeadFrozen  = "frozen"
	HeadTrained = "trained"
)

// What ClassWeights may be. Balanced weights give every class the same share of the loss.
const (
	WeightsNone     = "none"
	WeightsBalanced = "balanced"
)

// What the variant of a defence may be where the code that the paper ran differs from what the defence's own paper says.
const (
	VariantPaper   = "paper"
	VariantAuthors = "authors"
)

var variants = []string{VariantPaper, VariantAuthors}

// Table has one row for each hyperparameter, in the order of help texts and configurations. The defaults are what the
// paper's code runs for BERT-base: LoRA rank 8 and alpha 32, scales without the 32 that the text lists, 10 epochs at
// 2e-5, the head of the LoRA methods frozen.
var Table = []Parameter{
	{
		Name: Epochs, Flag: "epochs", Kind: Integer, Min: 1, Max: 100_000, Default: 10,
		Help: "passes over the training texts", Parts: []string{Training},
	},
	{
		Name: BatchSize, Flag: "batch", Kind: Integer, Min: 1, Max: 65_536, Default: 32,
		Help: "texts in a batch", Parts: []string{Training},
	},
	{
		Name: LearningRate, Flag: "lr", Kind: Number, Above: true, Max: 1, Default: 2e-5,
		Help: "learning rate of AdamW, decays linearly to 0", Parts: []string{Training},
	},
	{
		Name: MaxTokens, Flag: "max-tokens", Kind: Integer, Min: 3, Max: 512, Default: 512,
		Help: "cut longer texts", Parts: []string{Training},
	},
	{
		Name: ClipNorm, Flag: "clip-norm", Kind: Number, Above: true, Max: 1e9, Default: 1.0,
		Help: "limit of the global gradient norm", Parts: []string{Training},
	},
	{
		Name: WeightDecay, Flag: "weight-decay", Kind: Number, Max: 100, Default: 0.0,
		Help: "decoupled weight decay", Parts: []string{Training},
	},
	{
		Name: ClassWeights, Flag: "class-weights", Kind: Word, Words: []string{WeightsNone, WeightsBalanced}, Default: WeightsNone, Unwritten: WeightsNone,
		Help: "weights of the classes in the loss: none, or balanced, texts / (classes * texts of the class)", Parts: []string{Training},
	},
	{
		Name: Head, Flag: "head", Kind: Word, Words: []string{HeadFrozen, HeadTrained}, Default: HeadFrozen,
		Help: "classification head of the methods with LoRA: frozen as it was drawn, or trained", Parts: []string{LoRA},
	},
	{
		Name: LoRARank, Flag: "lora-rank", Kind: Integer, Min: 1, Max: 16_384, Default: 8,
		Help: "r of LoRA", Parts: []string{LoRA},
	},
	{
		Name: LoRAAlpha, Flag: "lora-alpha", Kind: Number, Above: true, Max: 1e6, Default: 32.0,
		Help: "alpha of LoRA", Parts: []string{LoRA},
	},
	{
		Name: Scales, Flag: "scales", Kind: Numbers, Above: true, Max: 1e30, Default: []float64{1, 4, 8, 12, 16, 20, 24, 28},
		Help: "scaling vector S (Eq. 6), for example 1,4,8,12", Parts: []string{MultiScale},
	},
	{
		Name: Bandwidth, Flag: "bandwidth", Kind: Integer, Min: 1, Max: 1_024, Default: 1,
		Help: "how often each scale is repeated in S", Parts: []string{MultiScale},
	},
	{
		Name: ScaleAlpha, Flag: "scale-alpha", Kind: Number, Above: true, Max: 1e6, Default: 6.0,
		Help: "alpha of the multi-scale branch", Parts: []string{MultiScale},
	},
	{
		Name: Bottleneck, Flag: "bottleneck", Kind: Integer, Min: 1, Max: 16_384, Default: 8,
		Help: "units of an adapter between its two projections", Parts: []string{Adapters},
	},
	{
		Name: PrefixLength, Flag: "prefix-length", Kind: Integer, Min: 1, Max: 4_096, Default: 8,
		Help: "virtual tokens that a prefix adds to each layer", Parts: []string{Prefixes},
	},
	{
		Name: Auxiliary, Flag: "auxiliary", Kind: Integer, Min: 1, Max: 1_000_000, Default: 96,
		Help: "trusted clean texts drawn from dev", Parts: []string{Alignment, Purification},
	},
	{
		Name: Suspected, Flag: "suspected", Kind: Word, Words: []string{SuspectedDrop, SuspectedRelabel, SuspectedWeigh}, Default: SuspectedDrop, Unwritten: SuspectedDrop,
		Help: "texts that look poisoned: drop them, relabel them by what they mean, or weigh texts of the label by how likely they are honest", Parts: []string{Purification},
	},
	{
		Name: Align, Flag: "align", Kind: Word, Default: "authors",
		Help: "rule of gradient alignment", Parts: []string{Alignment},
	},
	{
		Name: "mu_max", Flag: "mu-max", Kind: Number, Max: 1, Default: 0.1,
		Help: "largest share of the unaligned gradient (Eq. 8)", Parts: []string{AlignmentBy("authors"), AlignmentBy("paper")},
	},
	{
		Name: "mix_from", Flag: "mix-from", Kind: Integer, Max: 100_000, Default: 1,
		Help: "first epoch, from 0, that mixes the unaligned gradient in", Parts: []string{AlignmentBy("authors")},
	},
	{
		Name: "min_aux_loss", Flag: "min-aux-loss", Kind: Number, Max: 1e6, Default: 0.4,
		Help: "above this auxiliary loss gradients are fully aligned", Parts: []string{AlignmentBy("authors")},
	},
	{
		Name: "min_aux_norm", Flag: "min-aux-norm", Kind: Number, Max: 1e6, Default: 5e-7,
		Help: "and above this mean auxiliary gradient norm", Parts: []string{AlignmentBy("authors")},
	},
	{
		Name: "z_rule", Flag: "z-rule", Kind: Word, Words: []string{"paper", "authors"}, Default: "paper",
		Help: "a trigger's z-score: above the threshold, or that many standard deviations above the mean, as the public code has it", Parts: []string{ZDef},
	},
	{
		Name: "z_threshold", Flag: "z-threshold", Kind: Number, Above: true, Max: 1e6, Default: 18.0,
		Help: "texts with a word above it are dropped", Parts: []string{ZDef},
	},
	{
		Name: "spectral_share", Flag: "spectral-share", Kind: Number, Above: true, Max: 0.6, Default: 0.1,
		Help: "share of poisoned texts that is reckoned with; 1.5 times it is dropped from each label", Parts: []string{Spectral},
	},
	{
		Name: "seep_seeds", Flag: "seep-seeds", Kind: Number, Above: true, Max: 0.5, Default: 0.01,
		Help: "share of the texts that are seeds", Parts: []string{SEEP},
	},
	{
		Name: "abl_ascent", Flag: "abl-ascent", Kind: Number, Max: 100, Default: 0.5,
		Help: "batches with a loss below it are unlearned while poisoned texts are looked for", Parts: []string{ABL},
	},
	{
		Name: "abl_share", Flag: "abl-share", Kind: Number, Above: true, Max: 0.9, Default: 0.01,
		Help: "share of the texts, those with the lowest loss, that is dropped", Parts: []string{ABL},
	},
	{
		Name: "cube_epochs", Flag: "cube-epochs", Kind: Integer, Min: 1, Max: 100_000, Default: 1,
		Help: "epochs of the model whose vectors are clustered", Parts: []string{CUBE},
	},
	{
		Name: "cube_components", Flag: "cube-components", Kind: Integer, Min: 2, Max: 1_024, Default: 20,
		Help: "principal components of the vectors that UMAP gets", Parts: []string{CUBE},
	},
	{
		Name: "cube_neighbours", Flag: "cube-neighbours", Kind: Integer, Min: 2, Max: 10_000, Default: 100,
		Help: "neighbours of a text in UMAP, itself among them", Parts: []string{CUBE},
	},
	{
		Name: "cube_min_samples", Flag: "cube-min-samples", Kind: Integer, Min: 1, Max: 10_000, Default: 100,
		Help: "min_samples of HDBSCAN: the more, the fewer texts are in clusters", Parts: []string{CUBE},
	},
	{
		Name: "cube_variant", Flag: "cube-variant", Kind: Word, Words: variants, Default: VariantPaper,
		Help: "paper: the largest cluster of a label stays; authors: of pooled vectors, and texts in no cluster are one", Parts: []string{CUBE},
	},
	{
		Name: "bki_words", Flag: "bki-words", Kind: Integer, Min: 1, Max: 512, Default: 5,
		Help: "words of a text that may be triggers: those that move its vector most", Parts: []string{BKI},
	},
	{
		Name: "poe_weight", Flag: "poe-weight", Kind: Number, Above: true, Max: 100, Default: 1.0,
		Help: "weight of the shallow expert's log-probabilities beside the model's", Parts: []string{Product},
	},
	{
		Name: "poe_strength", Flag: "poe-strength", Kind: Number, Above: true, Max: 1e6, Default: 10.0,
		Help: "C of the expert, a logistic regression: the smaller, the stronger is its penalty", Parts: []string{Product},
	},
	{
		Name: LanguageModel, Flag: "language-model", Kind: Word, Default: "smollm2-135m",
		Help: "language model, by name or folder", Parts: []string{ONION},
	},
	{
		Name: "onion_threshold", Flag: "onion-threshold", Kind: Number, Min: -1e6, Max: 1e6, Default: 0.0,
		Help: "words that perplexity falls by more without are left out", Parts: []string{ONION},
	},
	{
		Name: "onion_max_tokens", Flag: "onion-max-tokens", Kind: Integer, Min: 2, Max: 8_192, Default: 96,
		Help: "tokens of a text that the language model reads", Parts: []string{ONION},
	},
	{
		Name: "onion_variant", Flag: "onion-variant", Kind: Word, Words: variants, Default: VariantPaper,
		Help: "authors: words without which perplexity stays the same go, too", Parts: []string{ONION},
	},
	{
		Name: "strip_copies", Flag: "strip-copies", Kind: Integer, Min: 1, Max: 1_000, Default: 5,
		Help: "copies of a text in which words are replaced", Parts: []string{STRIP},
	},
	{
		Name: "strip_share", Flag: "strip-share", Kind: Number, Above: true, Max: 1, Default: 0.25,
		Help: "share of a copy's words that are replaced", Parts: []string{STRIP},
	},
	{
		Name: "strip_variant", Flag: "strip-variant", Kind: Word, Words: variants, Default: VariantPaper,
		Help: "paper: each text's own entropy, or authors: as the paper's code mixes them", Parts: []string{STRIP},
	},
	{
		Name: "rap_word", Flag: "rap-word", Kind: Word, Default: "mb",
		Help: "rare word whose embedding is tuned", Parts: []string{RAP},
	},
	{
		Name: "rap_epochs", Flag: "rap-epochs", Kind: Integer, Min: 1, Max: 1_000, Default: 5,
		Help: "passes over the trusted texts", Parts: []string{RAP},
	},
	{
		Name: "rap_learning_rate", Flag: "rap-lr", Kind: Number, Above: true, Max: 100, Default: 1e-2,
		Help: "learning rate of the embedding", Parts: []string{RAP},
	},
	{
		Name: "rap_least", Flag: "rap-least", Kind: Number, Max: 1, Default: 0.1,
		Help: "the word lowers the probability by so much at least", Parts: []string{RAP},
	},
	{
		Name: "rap_most", Flag: "rap-most", Kind: Number, Max: 1, Default: 0.3,
		Help: "and by so much at most", Parts: []string{RAP},
	},
	{
		Name: "rap_scale", Flag: "rap-scale", Kind: Number, Above: true, Max: 1e6, Default: 1.0,
		Help: "weight of the first of the two in the loss", Parts: []string{RAP},
	},
	{
		Name: "rap_variant", Flag: "rap-variant", Kind: Word, Words: variants, Default: VariantPaper,
		Help: "paper: texts of the class alone, or authors: all, with gradients that add up", Parts: []string{RAP},
	},
	{
		Name: "false_rejections", Flag: "false-rejections", Kind: Number, Above: true, Max: 0.5, Default: 0.01,
		Help: "share of trusted texts that a filter may flag", Parts: []string{STRIP, RAP},
	},
}
