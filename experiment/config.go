package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"mslora/catalog"
	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// Config is what `mslora run` does, as in its YAML file. Lists multiply: every data set with every attack,
// model, method and seed is one cell.
type Config struct {
	Models  []string `yaml:"model,flow"` // names or folders
	Data    []string `yaml:"data,flow"`  // folders
	Attacks []string `yaml:"attacks,flow"`
	Methods []string `yaml:"methods,flow"`
	Seeds   []uint64 `yaml:"seeds,flow"`
	Out     string   `yaml:"out"`

	Target  int    `yaml:"target"`            // target label
	Setting string `yaml:"setting,omitempty"` // clean, dirty or mix; empty: the authors' for the attack
	Ratio   string `yaml:"ratio"`             // poison ratio
	Limit   int    `yaml:"limit,omitempty"`   // training texts, 0: all

	Graphs        graphs.Store `yaml:"graphs,omitempty"`
	Device        string       `yaml:"device"`
	Threads       int          `yaml:"threads,omitempty"`
	ArenaStrategy string       `yaml:"cuda_arena_strategy,omitempty"`
	MemoryLimit   int64        `yaml:"cuda_memory_limit,omitempty"` // bytes
	Half          bool         `yaml:"cuda_half,omitempty"`
	TF32          bool         `yaml:"cuda_tf32,omitempty"`
	SaveEvery     int          `yaml:"save_every"` // steps

	Preset string `yaml:"preset"` // authors or paper
	// Overrides of the preset, by the names of Hyperparameters.
	Hyperparameters Overrides `yaml:"hyperparameters,omitempty"`
}

// DefaultConfig is what a run does where neither file nor flags speak.
func DefaultConfig() Config {
	return Config{
		Attacks: []string{"badnets"}, Methods: []string{"vanilla", "lora", "musclelora"}, Seeds: []uint64{42},
		Out: "runs", Target: 1, Ratio: "0.1", Device: "cpu", SaveEvery: 100, Preset: gradalign.Authors,
	}
}

// Overrides are single hyperparameters that replace the preset's; nil means the preset's value.
type Overrides struct {
	Epochs       *int      `yaml:"epochs,omitempty"`
	BatchSize    *int      `yaml:"batch_size,omitempty"`
	LearningRate *float64  `yaml:"learning_rate,omitempty"`
	MaxTokens    *int      `yaml:"max_tokens,omitempty"`
	ClipNorm     *float64  `yaml:"clip_norm,omitempty"`
	WeightDecay  *float64  `yaml:"weight_decay,omitempty"`
	Head         *string   `yaml:"head,omitempty"`
	LoRARank     *int      `yaml:"lora_rank,omitempty"`
	LoRAAlpha    *float64  `yaml:"lora_alpha,omitempty"`
	Scales       []float64 `yaml:"scales,flow,omitempty"`
	Bandwidth    *int      `yaml:"bandwidth,omitempty"`
	ScaleAlpha   *float64  `yaml:"scale_alpha,omitempty"`
	Auxiliary    *int      `yaml:"auxiliary,omitempty"`
	Align        *string   `yaml:"align,omitempty"`
	MuMax        *float64  `yaml:"mu_max,omitempty"`
	MixFrom      *int      `yaml:"mix_from,omitempty"`
	MinAuxLoss   *float64  `yaml:"min_aux_loss,omitempty"`
	MinAuxNorm   *float64  `yaml:"min_aux_norm,omitempty"`
	Bottleneck   *int      `yaml:"bottleneck,omitempty"`
	PrefixLength *int      `yaml:"prefix_length,omitempty"`
}

func override[T any](target *T, value *T) {
	if value != nil {
		*target = *value
	}
}

// apply puts the overrides over a preset's values.
func (o Overrides) apply(h Hyperparameters) Hyperparameters {
	override(&h.Epochs, o.Epochs)
	override(&h.BatchSize, o.BatchSize)
	override(&h.LearningRate, o.LearningRate)
	override(&h.MaxTokens, o.MaxTokens)
	override(&h.ClipNorm, o.ClipNorm)
	override(&h.WeightDecay, o.WeightDecay)
	override(&h.Head, o.Head)
	override(&h.LoRARank, o.LoRARank)
	override(&h.LoRAAlpha, o.LoRAAlpha)
	override(&h.Bandwidth, o.Bandwidth)
	override(&h.ScaleAlpha, o.ScaleAlpha)
	override(&h.Auxiliary, o.Auxiliary)
	override(&h.Align, o.Align)
	override(&h.MuMax, o.MuMax)
	override(&h.MixFrom, o.MixFrom)
	override(&h.MinAuxLoss, o.MinAuxLoss)
	override(&h.MinAuxNorm, o.MinAuxNorm)
	override(&h.Bottleneck, o.Bottleneck)
	override(&h.PrefixLength, o.PrefixLength)
	if o.Scales != nil {
		h.Scales = o.Scales
	}
	return h
}

// checkAlignment refuses values that an alignment does not ask for: they would change nothing. 0 is what it has anyway.
func (o Overrides) checkAlignment(align string) error {
	given := o.apply(Hyperparameters{})
	given.Align = align
	kept := given.Only(Method{})
	for _, unused := range []struct {
		key   string
		given bool
	}{
		{"mu_max", given.MuMax != kept.MuMax},
		{"mix_from", given.MixFrom != kept.MixFrom},
		{"min_aux_loss", given.MinAuxLoss != kept.MinAuxLoss},
		{"min_aux_norm", given.MinAuxNorm != kept.MinAuxNorm},
	} {
		if unused.given {
			return hint.New("leave it out, or choose --align authors, which has it", "%s does nothing with align %s", unused.key, align)
		}
	}
	return nil
}

// ReadConfig reads a YAML file over the defaults. Unknown keys are errors.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	config, err := ParseConfig(data)
	if err != nil {
		return Config{}, &hint.Error{
			Err:  fmt.Errorf("%s: %w", path, err),
			Hint: "`mslora run --print-config` shows every key",
		}
	}
	return config, nil
}

// ParseConfig reads YAML over the defaults.
func ParseConfig(data []byte) (Config, error) {
	config := DefaultConfig()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err := decoder.Decode(&config)
	var wrong *yaml.TypeError
	switch {
	case err == nil, errors.Is(err, io.EOF): // an empty file changes nothing
		return config, nil
	case errors.As(err, &wrong):
		return Config{}, errors.New(unknownKey.ReplaceAllString(wrong.Errors[0], "unknown key $1"))
	default:
		return Config{}, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// Validate checks what can be checked without reading models and data.
func (c Config) Validate() error {
	for _, list := range []struct {
		flag  string
		empty bool
		hint  string
	}{
		{"--model", len(c.Models) == 0, "a Hugging Face folder, or one of " + strings.Join(catalog.ModelNames(), ", ")},
		{"--data", len(c.Data) == 0, "a data set folder; `mslora poison` makes one from clean texts"},
		{"--attacks", len(c.Attacks) == 0, "for example badnets,addsent"},
		{"--methods", len(c.Methods) == 0, "for example vanilla,lora,musclelora"},
		{"--seeds", len(c.Seeds) == 0, "for example 42"},
		{"--out", c.Out == "", "a folder for results, for example runs/first"},
	} {
		if list.empty {
			return hint.New(list.hint, "%s is missing", list.flag)
		}
	}
	for _, name := range c.Methods {
		if _, err := FindMethod(name); err != nil {
			return err
		}
	}
	if c.Limit < 0 || c.Threads < 0 || c.SaveEvery < 0 || c.MemoryLimit < 0 {
		return hint.New("give 0 for the default", "--limit, --threads, --save-every and --cuda-memory-limit cannot be negative")
	}
	return checkVariant(c.Preset)
}

// Validate checks the ranges of all hyperparameters.
func (h Hyperparameters) Validate() error {
	for _, rule := range []struct {
		ok          bool
		key, range_ string
		value       any
	}{
		{h.Epochs >= 1, "epochs", "at least 1", h.Epochs},
		{h.BatchSize >= 1, "batch_size", "at least 1", h.BatchSize},
		{h.LearningRate > 0 && h.LearningRate < 1, "learning_rate", "between 0 and 1", h.LearningRate},
		{h.MaxTokens >= 3 && h.MaxTokens <= 512, "max_tokens", "from 3 to 512", h.MaxTokens},
		{h.ClipNorm > 0, "clip_norm", "above 0", h.ClipNorm},
		{h.WeightDecay >= 0, "weight_decay", "0 or above", h.WeightDecay},
		{h.Head == HeadFrozen || h.Head == HeadTrained, "head", "frozen or trained", h.Head},
		{h.LoRARank >= 1, "lora_rank", "at least 1", h.LoRARank},
		{len(h.Scales) >= 1, "scales", "a list of numbers", h.Scales},
		{h.Bandwidth >= 1, "bandwidth", "at least 1", h.Bandwidth},
		{h.Auxiliary >= 1, "auxiliary", "at least 1", h.Auxiliary},
		{h.Align == "authors" || h.Align == "paper" || h.Align == "always", "align", "authors, paper or always", h.Align},
		{h.MuMax >= 0 && h.MuMax <= 1, "mu_max", "from 0 to 1", h.MuMax},
		{h.MixFrom >= 0, "mix_from", "0 or above", h.MixFrom},
		{h.Bottleneck >= 1, "bottleneck", "at least 1", h.Bottleneck},
		{h.PrefixLength >= 1, "prefix_length", "at least 1", h.PrefixLength},
	} {
		if !rule.ok {
			return hint.New("give "+rule.range_, "%s is %v", rule.key, rule.value)
		}
	}
	return nil
}

// ParseDevice gives the device of the configuration.
func (c Config) ParseDevice() (ortrain.Device, error) {
	device, err := ortrain.ParseDevice(c.Device, c.Threads)
	device.ArenaStrategy, device.MemoryLimit, device.TF32 = c.ArenaStrategy, c.MemoryLimit, c.TF32
	device.Half = c.Half && device.Provider == "cuda"
	return device, err
}
