package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mslora/catalog"
	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/lora"
	"mslora/params"
)

// Hyperparameters decide, with model, data and seed, what a cell computes. A preset gives all of them;
// configuration and flags override single ones.
type Hyperparameters struct {
	Epochs       int     `yaml:"epochs" json:"epochs"`
	BatchSize    int     `yaml:"batch_size" json:"batch_size"`
	LearningRate float64 `yaml:"learning_rate" json:"learning_rate"`
	MaxTokens    int     `yaml:"max_tokens" json:"max_tokens"`     // longer texts are cut
	ClipNorm     float64 `yaml:"clip_norm" json:"clip_norm"`       // global gradient norm
	WeightDecay  float64 `yaml:"weight_decay" json:"weight_decay"` // decoupled (AdamW)

	Head       string    `yaml:"head,omitempty" json:"head,omitempty"` // of the methods with LoRA: frozen or trained; empty in others' cells, whose head is trained
	LoRARank   int       `yaml:"lora_rank" json:"lora_rank"`
	LoRAAlpha  float64   `yaml:"lora_alpha" json:"lora_alpha"`
	Scales     []float64 `yaml:"scales,flow" json:"scales"`        // the scaling vector S (Eq. 6)
	Bandwidth  int       `yaml:"bandwidth" json:"bandwidth"`       // r: how often each scale is repeated
	ScaleAlpha float64   `yaml:"scale_alpha" json:"scale_alpha"`   // alpha of the multi-scale branch
	Auxiliary  int       `yaml:"auxiliary" json:"auxiliary"`       // trusted clean texts drawn from dev
	Align      string    `yaml:"align" json:"align"`               // authors, paper or always
	MuMax      float64   `yaml:"mu_max" json:"mu_max"`             // Eq. 8
	MixFrom    int       `yaml:"mix_from" json:"mix_from"`         // first epoch, from 0, that mixes
	MinAuxLoss float64   `yaml:"min_aux_loss" json:"min_aux_loss"` // above it gradients are fully aligned
	MinAuxNorm float64   `yaml:"min_aux_norm" json:"min_aux_norm"` // and if the mean auxiliary norm is above this

	// 0 in cells of other methods than these two.
	Bottleneck   int `yaml:"bottleneck,omitempty" json:"bottleneck,omitempty"`       // of adapters
	PrefixLength int `yaml:"prefix_length,omitempty" json:"prefix_length,omitempty"` // virtual tokens in each layer
}

// Modules is the part that shapes the tunable modules.
func (h Hyperparameters) Modules() lora.Setting {
	return lora.Setting{
		Rank: h.LoRARank, Alpha: h.LoRAAlpha, Scales: h.Scales, Bandwidth: h.Bandwidth, ScaleAlpha: h.ScaleAlpha,
		Bottleneck: h.Bottleneck, PrefixLength: h.PrefixLength,
	}
}

// Only drops what decides nothing for a method, and so must not tell cells apart: the sizes of adapters and prefixes where
// it has none, whether the head is frozen where it never is, and what an alignment does not ask for.
func (h Hyperparameters) Only(method Method) Hyperparameters {
	if !method.LoRA() {
		h.Head = ""
	}
	if method.Graph != "adapter" {
		h.Bottleneck = 0
	}
	if method.Graph != "prefix" {
		h.PrefixLength = 0
	}
	if h.Align != gradalign.Authors {
		h.MixFrom, h.MinAuxLoss, h.MinAuxNorm = 0, 0, 0
	}
	if h.Align == gradalign.Always {
		h.MuMax = 0
	}
	return h
}

// Alignment is the rule of gradient alignment.
func (h Hyperparameters) Alignment() (gradalign.Rule, error) {
	definition, ok := gradalign.Find(h.Align)
	if !ok {
		return nil, fmt.Errorf("there is no alignment rule %q", h.Align)
	}
	return definition.New(params.Values{
		"mu_max": h.MuMax, "mix_from": h.MixFrom, "min_aux_loss": h.MinAuxLoss, "min_aux_norm": h.MinAuxNorm,
	}), nil
}

// Preset holds the hyperparameters for one architecture.
type Preset struct {
	Name         string // model name that the preset is for
	Architecture string
	Source       string // where the values come from
	Hyperparameters
	// VanillaLearningRate is for full fine-tuning, aligned or not, which needs a lower one than LoRA on a small
	// model.
	VanillaLearningRate float64
}

// HeadFrozen and HeadTrained are what Hyperparameters.Head may be. A frozen head keeps the values that it was drawn with.
const (
	HeadFrozen  = "frozen"
	HeadTrained = "trained"
)

// authorsBERT is what the paper's code runs for BERT-base (method.md of the paper's appendix: LoRA rank 8
// and alpha 32, scales without the 32 that the text lists, 10 epochs at 2e-5, the head of the LoRA methods frozen).
var authorsBERT = Hyperparameters{
	Epochs: 10, BatchSize: 32, LearningRate: 2e-5, MaxTokens: 512, ClipNorm: 1,
	Head: HeadFrozen, LoRARank: 8, LoRAAlpha: 32,
	Scales: []float64{1, 4, 8, 12, 16, 20, 24, 28}, Bandwidth: 1, ScaleAlpha: 6,
	Auxiliary: 96, Align: gradalign.Authors, MuMax: 0.1, MixFrom: 1, MinAuxLoss: 0.4, MinAuxNorm: 5e-7,
	Bottleneck: 8, PrefixLength: 8,
}

// with returns a copy changed by edit.
func (h Hyperparameters) with(edit func(*Hyperparameters)) Hyperparameters {
	edit(&h)
	return h
}

// authorsLlama is what the paper's code runs for Llama-2-7B: every gradient is fully aligned (mu stays 0 and no
// auxiliary loss is low enough).
var authorsLlama = authorsBERT.with(func(h *Hyperparameters) {
	h.Epochs, h.BatchSize, h.LearningRate = 5, 16, 1e-5
	h.LoRARank, h.LoRAAlpha, h.Bottleneck = 2, 8, 2
	h.Scales, h.ScaleAlpha = []float64{1, 2, 3, 4}, 4
	h.Auxiliary, h.MuMax, h.MixFrom, h.MinAuxLoss = 128, 0, 0, 0
})

// The scaling vectors of the paper's table 6.
var (
	largeScales   = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	robertaScales = []float64{1, 2, 4, 6, 8, 10, 12, 14, 16}
)

// small is for BERT models a third of BERT-base's width, chosen on dev data. They need a higher learning rate, at which
// the auxiliary loss soon falls below the authors' bound and alignment would end, so they align always.
var small = authorsBERT.with(func(h *Hyperparameters) {
	h.LearningRate, h.Epochs, h.Scales, h.Align = 3e-4, 3, largeScales, gradalign.Always
})

// Presets by architecture, as the authors' code has them. paperPreset makes the paper's of them.
var Presets = []Preset{
	{
		Name: "bert-base", Architecture: "bert-12x768", Source: "the paper's code for BERT-base",
		Hyperparameters: authorsBERT, VanillaLearningRate: 2e-5,
	},
	{
		Name: "bge-small", Architecture: "bert-12x384", Source: "chosen on dev data, see docs/presets.md",
		Hyperparameters: small, VanillaLearningRate: 2e-5,
	},
	{
		Name: "minilm", Architecture: "bert-6x384", Source: "bge-small's",
		Hyperparameters: small, VanillaLearningRate: 2e-5,
	},
	{
		Name: "bert-large", Architecture: "bert-24x1024", Source: "the paper's code for BERT-large",
		Hyperparameters: authorsBERT.with(func(h *Hyperparameters) { h.Scales = largeScales }), VanillaLearningRate: 2e-5,
	},
	{
		Name: "roberta-base", Architecture: "roberta-12x768", Source: "the paper's code for RoBERTa-base",
		Hyperparameters: authorsBERT.with(func(h *Hyperparameters) { h.Scales = robertaScales }), VanillaLearningRate: 2e-5,
	},
	{
		Name: "roberta-large", Architecture: "roberta-24x1024", Source: "the paper's code for RoBERTa-large",
		Hyperparameters: authorsBERT.with(func(h *Hyperparameters) { h.Scales = largeScales }), VanillaLearningRate: 2e-5,
	},
	{
		Name: "llama2-7b", Architecture: "llama-32x4096", Source: "the paper's code for Llama-2-7B",
		Hyperparameters: authorsLlama, VanillaLearningRate: 1e-5,
	},
	{
		Name: "smollm2-135m", Architecture: "llama-30x576", Source: "llama2-7b's, with bge-small's learning rates and epochs, always aligned; see docs/presets.md",
		Hyperparameters: authorsLlama.with(func(h *Hyperparameters) {
			h.LearningRate, h.Epochs, h.Align = 3e-4, 3, gradalign.Always
		}),
		VanillaLearningRate: 2e-5,
	},
}

// fallback names, for each family of backbones, the preset of architectures without their own. BERT's is a small
// model's, as small models need its higher learning rate.
var fallback = map[string]string{"bert": "bge-small", "roberta": "roberta-base", "llama": "llama2-7b"}

// FindPreset gives the preset for an architecture: variant Authors is what the paper's code runs, Paper what its text
// says.
func FindPreset(variant, architecture string) (Preset, error) {
	if err := checkVariant(variant); err != nil {
		return Preset{}, err
	}
	family, _, _ := strings.Cut(architecture, "-")
	other := fallback[family]
	if other == "" {
		other = fallback["bert"]
	}
	var found Preset
	for _, p := range Presets {
		if p.Architecture == architecture {
			found = p
			break
		}
		if p.Name == other {
			found = p
			found.Name, found.Architecture, found.Source = architecture, architecture, other+"'s, for want of its own"
		}
	}
	if variant == gradalign.Paper {
		found = paperPreset(found)
	}
	return found, nil
}

// checkVariant refuses what is no variant of presets.
func checkVariant(variant string) error {
	if variant != gradalign.Authors && variant != gradalign.Paper {
		return hint.New("authors is what the paper's code runs, paper what its text says", "preset is %q, expected authors or paper", variant)
	}
	return nil
}

// paperPreset makes the values of the paper's text of the authors'. They differ in S, which ends at 32 for the BERT
// models that end at 28 in the code; in the multi-scale branch, which has no alpha (Eq. 6), so that alpha / r is 1; and in
// the alignment, which mixes at every step (Eqs. 7 and 8).
func paperPreset(p Preset) Preset {
	if scales := p.Scales; scales[len(scales)-1] == 28 {
		p.Scales = append(slices.Clone(scales), 32)
	}
	p.ScaleAlpha = float64(p.Bandwidth)
	p.Align = gradalign.Paper
	p.Source += ", with the S, alpha and alignment of the paper's text"
	return p
}

// ArchitectureOf names the architecture of a model that a preset is for, or of a model's folder. An architecture is its own.
func ArchitectureOf(model string) (string, error) {
	for _, p := range Presets {
		if model == p.Name || model == p.Architecture {
			return p.Architecture, nil
		}
	}
	folder, err := catalog.ModelFolder(model)
	if err != nil {
		return "", err
	}
	config, err := graphs.ReadModelConfig(filepath.Join(folder, "config.json"))
	return config.Architecture(), err
}

// For gives the preset's values for a method.
func (p Preset) For(method Method) Hyperparameters {
	values := p.Hyperparameters
	if method.Graph == "full" {
		values.LearningRate = p.VanillaLearningRate
	}
	return values
}
