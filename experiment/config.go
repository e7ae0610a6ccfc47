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
	"mslora/dataset"
	"mslora/defence"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// Config is what `mslora run` does, as in its YAML file. Lists multiply: every combination of their entries is one cell.
type Config struct {
	Models  []string `yaml:"model,flow"` // names or folders
	Data    []string `yaml:"data,flow"`  // folders
	Attacks []string `yaml:"attacks,flow"`
	Methods []string `yaml:"methods,flow"`
	Seeds   []uint64 `yaml:"seeds,flow"`
	Out     string   `yaml:"out"`

	Target  List[int]    `yaml:"target"`            // target label
	Setting List[string] `yaml:"setting,omitempty"` // clean, dirty or mix; empty: the authors' for the attack
	Ratio   List[string] `yaml:"ratio"`             // poison ratio
	Limit   List[int]    `yaml:"limit,omitempty"`   // training texts, 0: all

	Reading dataset.Reading `yaml:"reading,omitempty"` // how data files are read; what it leaves open is found out

	Graphs        graphs.Store `yaml:"graphs,omitempty"`
	Device        string       `yaml:"device"`
	Threads       int          `yaml:"threads,omitempty"`
	ArenaStrategy string       `yaml:"cuda_arena_strategy,omitempty"`
	MemoryLimit   int64        `yaml:"cuda_memory_limit,omitempty"` // bytes
	Half          bool         `yaml:"cuda_half,omitempty"`
	TF32          bool         `yaml:"cuda_tf32,omitempty"`
	Precision     List[string] `yaml:"precision,omitempty"` // as ortrain.Device.WithPrecision has them; empty: float32
	SaveEvery     int          `yaml:"save_every"`          // steps

	Fourier     Fourier `yaml:",inline"`
	TensorBoard bool    `yaml:"tensorboard,omitempty"` // cells leave curves for TensorBoard; no part of what they are

	// What `mslora reproduce` draws of the cells: a kind of figure, and the axis of a sweep.
	Figure string `yaml:"figure,omitempty"`
	Axis   string `yaml:"axis,omitempty"`

	Preset          string `yaml:"preset"` // authors or paper
	Hyperparameters Axes   `yaml:"hyperparameters,omitempty"`

	// Conditions are those by which Only has taken a part of the grid, or will: they are written with it, since the lists that are
	// left do not say all. What is given for the whole grid may do nothing in a part of it.
	Conditions List[string] `yaml:"only,omitempty"`
	having     []string     // hyperparameters that they name: cells without them are not of that part
}

// DefaultConfig is what a run does where neither file nor flags speak.
func DefaultConfig() Config {
	return Config{
		Attacks: []string{"badnets"}, Methods: []string{"vanilla", "lora", "musclelora"}, Seeds: []uint64{42},
		Out: "runs", Target: List[int]{1}, Ratio: List[string]{"0.1"}, Device: "cpu", SaveEvery: 100, Preset: PresetAuthors,
	}
}

// ReadConfig reads a YAML file over the defaults. Unknown keys are errors.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	config, err := ParseConfig(data)
	if err != nil {
		advice := "`mslora run --print-config` shows every key"
		if hinted := new(hint.Error); errors.As(err, &hinted) {
			advice = hinted.Hint
		}
		return Config{}, &hint.Error{Err: fmt.Errorf("%s: %w", path, err), Hint: advice}
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
	case errors.As(err, new(*hint.Error)):
		return Config{}, err
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
		if _, err := defence.Find(name); err != nil {
			return err
		}
	}
	for _, limit := range c.Limit {
		if limit < 0 {
			return hint.New("give a number of texts, or leave it out for all", "--limit %d is negative", limit)
		}
	}
	if c.Threads < 0 || c.SaveEvery < 0 || c.MemoryLimit < 0 {
		return hint.New("give 0 for the default", "--threads, --save-every and --cuda-memory-limit cannot be negative")
	}
	if err := c.Fourier.check(); err != nil {
		return err
	}
	return checkVariant(c.Preset)
}

// ParseDevice gives the device of the configuration, in float32.
func (c Config) ParseDevice() (ortrain.Device, error) {
	device, err := ortrain.ParseDevice(c.Device, c.Threads)
	device.ArenaStrategy, device.MemoryLimit, device.TF32 = c.ArenaStrategy, c.MemoryLimit, c.TF32
	device.Half = c.Half && device.Provider == "cuda"
	return device, err
}
