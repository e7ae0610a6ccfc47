package experiment

import (
	"path/filepath"
	"slices"
	"strings"

	"mslora/catalog"
	"mslora/defence"
	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/params"
)

// Variants of presets.
const (
	PresetAuthors = "authors" // what the paper's code runs
	PresetPaper   = "paper"   // what its text says
)

// Preset holds the hyperparameters for one architecture.
type Preset struct {
	Name         string // model name that the preset is for
	Architecture string
	Source       string // where the values come from
	Values       params.Values
	// FullLearningRate is for full fine-tuning, aligned or not, which needs a lower one than LoRA on a small model.
	FullLearningRate float64
}

// authorsLlama is what the paper's code runs for Llama-2-7B: every gradient is fully aligned (mu stays 0 and no
// auxiliary loss is low enough).
var authorsLlama = params.Defaults().With(params.Values{
	params.Epochs: 5, params.BatchSize: 16, params.LearningRate: 1e-5,
	params.LoRARank: 2, params.LoRAAlpha: 8.0, params.Bottleneck: 2,
	params.Scales: []float64{1, 2, 3, 4}, params.ScaleAlpha: 4.0,
	params.Auxiliary: 128, "mu_max": 0.0, "mix_from": 0, "min_aux_loss": 0.0,
})

// The scaling vectors of the paper's table 6.
var (
	largeScales   = params.Values{params.Scales: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	robertaScales = params.Values{params.Scales: []float64{1, 2, 4, 6, 8, 10, 12, 14, 16}}
)

// small is for BERT models a third of BERT-base's width, chosen on dev data. They need a higher learning rate, at which
// the auxiliary loss soon falls below the authors' bound and alignment would end, so they align always.
var small = params.Defaults().With(largeScales).With(quick)

// quick is what small models have in common.
var quick = params.Values{params.LearningRate: 3e-4, params.Epochs: 3, params.Align: gradalign.Always}

// Presets by architecture, as the authors' code has them. paperPreset makes the paper's of them.
var Presets = []Preset{
	{
		Name: "bert-base", Architecture: "bert-12x768", Source: "the paper's code for BERT-base",
		Values: params.Defaults(), FullLearningRate: 2e-5,
	},
	{
		Name: "bge-small", Architecture: "bert-12x384", Source: "chosen on dev data, see docs/presets.md",
		Values: small, FullLearningRate: 2e-5,
	},
	{
		Name: "minilm", Architecture: "bert-6x384", Source: "bge-small's",
		Values: small, FullLearningRate: 2e-5,
	},
	{
		Name: "bert-large", Architecture: "bert-24x1024", Source: "the paper's code for BERT-large",
		Values: params.Defaults().With(largeScales), FullLearningRate: 2e-5,
	},
	{
		Name: "roberta-base", Architecture: "roberta-12x768", Source: "the paper's code for RoBERTa-base",
		Values: params.Defaults().With(robertaScales), FullLearningRate: 2e-5,
	},
	{
		Name: "roberta-large", Architecture: "roberta-24x1024", Source: "the paper's code for RoBERTa-large",
		Values: params.Defaults().With(largeScales), FullLearningRate: 2e-5,
	},
	{
		Name: "llama2-7b", Architecture: "llama-32x4096", Source: "the paper's code for Llama-2-7B",
		Values: authorsLlama, FullLearningRate: 1e-5,
	},
	{
		Name: "smollm2-135m", Architecture: "llama-30x576", Source: "llama2-7b's, with bge-small's learning rates and epochs, always aligned; see docs/presets.md",
		Values: authorsLlama.With(quick), FullLearningRate: 2e-5,
	},
}

// fallback names, for each family of backbones, the preset of architectures without their own. BERT's is a small
// model's, as small models need its higher learning rate.
var fallback = map[string]string{"bert": "bge-small", "roberta": "roberta-base", "llama": "llama2-7b"}

// FindPreset gives the preset for an architecture: variant PresetAuthors is what the paper's code runs, PresetPaper what its
// text says.
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
	if variant == PresetPaper {
		found = paperPreset(found)
	}
	// A row of the table that presets do not know has its default.
	found.Values = params.Defaults().With(found.Values)
	return found, nil
}

// checkVariant refuses what is no variant of presets.
func checkVariant(variant string) error {
	if variant != PresetAuthors && variant != PresetPaper {
		return hint.New("authors is what the paper's code runs, paper what its text says", "preset is %q, expected authors or paper", variant)
	}
	return nil
}

// paperPreset makes the values of the paper's text of the authors'. They differ in S, which ends at 32 for the BERT
// models that end at 28 in the code; in the multi-scale branch, which has no alpha (Eq. 6), so that alpha / r is 1; and in
// the alignment, which mixes at every step (Eqs. 7 and 8).
func paperPreset(p Preset) Preset {
	scales := p.Values.Floats(params.Scales)
	if scales[len(scales)-1] == 28 {
		scales = append(slices.Clone(scales), 32)
	}
	p.Values = p.Values.With(params.Values{
		params.Scales: scales, params.ScaleAlpha: float64(p.Values.Int(params.Bandwidth)), params.Align: gradalign.Paper,
	})
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

// For gives the preset's values for a method, with others over them, of which it keeps those that the method has.
func (p Preset) For(method defence.Method, over params.Values) params.Values {
	values := p.Values
	if !method.Frozen() {
		values = values.With(params.Values{params.LearningRate: p.FullLearningRate})
	}
	values = values.With(over)
	return values.Only(method.Parts(values))
}
