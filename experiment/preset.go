package experiment

import (
	"mslora/gradalign"
	"mslora/lora"
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

	LoRARank   int       `yaml:"lora_rank" json:"lora_rank"`
	LoRAAlpha  float64   `yaml:"lora_alpha" json:"lora_alpha"`
	Scales     []float64 `yaml:"scales,flow" json:"scales"`        // the scaling vector S (Eq. 6)
	Bandwidth  int       `yaml:"bandwidth" json:"bandwidth"`       // r: how often each scale is repeated
	ScaleAlpha float64   `yaml:"scale_alpha" json:"scale_alpha"`   // alpha of the multi-scale branch
	Auxiliary  int       `yaml:"auxiliary" json:"auxiliary"`       // trusted clean texts drawn from dev
	Align      string    `yaml:"align" json:"align"`               // authors or paper
	MuMax      float64   `yaml:"mu_max" json:"mu_max"`             // Eq. 8
	MixFrom    int       `yaml:"mix_from" json:"mix_from"`         // first epoch, from 0, that mixes
	MinAuxLoss float64   `yaml:"min_aux_loss" json:"min_aux_loss"` // above it gradients are fully aligned
	MinAuxNorm float64   `yaml:"min_aux_norm" json:"min_aux_norm"` // and if the mean auxiliary norm is above this
}

// Modules is the part that shapes LoRA and the multi-scale branch.
func (h Hyperparameters) Modules() lora.Setting {
	return lora.Setting{Rank: h.LoRARank, Alpha: h.LoRAAlpha, Scales: h.Scales, Bandwidth: h.Bandwidth, ScaleAlpha: h.ScaleAlpha}
}

// Alignment is the part that governs gradient alignment.
func (h Hyperparameters) Alignment() *gradalign.Options {
	return &gradalign.Options{
		Variant: gradalign.Variant(h.Align), MuMax: h.MuMax, FirstMixingEpoch: h.MixFrom,
		MinAuxLoss: h.MinAuxLoss, MinAuxNorm: h.MinAuxNorm, Epochs: h.Epochs,
	}
}

// Preset holds the hyperparameters for one architecture.
type Preset struct {
	Name         string // model name that the preset is for
	Architecture string
	Source       string // where the values come from
	Hyperparameters
	// VanillaLearningRate is for full fine-tuning, which needs a lower one than LoRA on a small model.
	VanillaLearningRate float64
}

// authorsBERT is what the paper's code runs for BERT-base (method.md of the paper's appendix: LoRA rank 8
// and alpha 32, scales without the 32 that the text lists, 10 epochs at 2e-5).
var authorsBERT = Hyperparameters{
	Epochs: 10, BatchSize: 32, LearningRate: 2e-5, MaxTokens: 512, ClipNorm: 1,
	LoRARank: 8, LoRAAlpha: 32,
	Scales: []float64{1, 4, 8, 12, 16, 20, 24, 28}, Bandwidth: 1, ScaleAlpha: 6,
	Auxiliary: 96, Align: string(gradalign.Authors), MuMax: 0.1, MixFrom: 1, MinAuxLoss: 0.4, MinAuxNorm: 5e-7,
}

// with returns a copy changed by edit.
func (h Hyperparameters) with(edit func(*Hyperparameters)) Hyperparameters {
	edit(&h)
	return h
}

// Presets by architecture.
var Presets = []Preset{
	{
		Name: "bert-base", Architecture: "bert-12x768", Source: "the paper's code for BERT-base",
		Hyperparameters: authorsBERT, VanillaLearningRate: 2e-5,
	},
	{
		Name: "bge-small", Architecture: "bert-12x384", Source: "chosen on dev data, see docs/presets.md",
		Hyperparameters:     authorsBERT.with(func(h *Hyperparameters) { h.LearningRate, h.Epochs = 3e-4, 3 }),
		VanillaLearningRate: 2e-5,
	},
	{
		Name: "minilm", Architecture: "bert-6x384", Source: "bge-small's",
		Hyperparameters:     authorsBERT.with(func(h *Hyperparameters) { h.LearningRate, h.Epochs = 3e-4, 3 }),
		VanillaLearningRate: 2e-5,
	},
}

// FindPreset gives the preset for an architecture. One without its own is trained as bge-small is: small
// models need its higher learning rate.
func FindPreset(architecture string) Preset {
	for _, p := range Presets {
		if p.Architecture == architecture {
			return p
		}
	}
	other := Presets[1]
	other.Name, other.Architecture, other.Source = architecture, architecture, "bge-small's, for want of its own"
	return other
}

// For gives the preset's values for a method.
func (p Preset) For(method Method) Hyperparameters {
	values := p.Hyperparameters
	if method.Graph == "full" {
		values.LearningRate = p.VanillaLearningRate
	}
	return values
}
