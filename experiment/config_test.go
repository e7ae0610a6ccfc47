package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mslora/internal/hint"
	"mslora/params"
)

func TestParseConfig(t *testing.T) {
	config, err := ParseConfig([]byte("model: [bge-small]\ndata: [sets]\nhyperparameters:\n  epochs: 4\n  scales: [1, 2]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(config.Ratio, config.Target, config.Seeds) != "[0.1] [1] [42]" {
		t.Errorf("the defaults are gone: %+v", config)
	}
	if got := fmt.Sprint(config.Hyperparameters); got != "map[epochs:[4] scales:[[1 2]]]" {
		t.Errorf("got %s", got)
	}
	if err := config.Validate(); err != nil {
		t.Error(err)
	}
}

// One value or a list of values; a vector in a list is a list of its own.
func TestParseAxes(t *testing.T) {
	config, err := ParseConfig([]byte("ratio: [0.1, 0.2]\ntarget: 0\nlimit: [100, 200]\nsetting: mix\nhyperparameters:\n" +
		"  learning_rate: [1e-5, 2e-5]\n  scales: [[1, 4], [2]]\n  head: trained\n  bandwidth: [1, 2]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(config.Ratio, config.Target, config.Limit, config.Setting); got != "[0.1 0.2] [0] [100 200] [mix]" {
		t.Errorf("got %s", got)
	}
	var points []string
	for values := range config.Hyperparameters.combinations() {
		points = append(points, fmt.Sprintf("%v %v %v %v", values[params.LearningRate], values[params.Head], values[params.Scales], values[params.Bandwidth]))
	}
	want := []string{
		"1e-05 trained [1 4] 1", "1e-05 trained [1 4] 2", "1e-05 trained [2] 1", "1e-05 trained [2] 2",
		"2e-05 trained [1 4] 1", "2e-05 trained [1 4] 2", "2e-05 trained [2] 1", "2e-05 trained [2] 2",
	}
	if strings.Join(points, "; ") != strings.Join(want, "; ") {
		t.Errorf("got %q", points)
	}
	for range (Axes{}).combinations() {
		points = append(points, "")
	}
	if len(points) != len(want)+1 {
		t.Error("without axes there is not one point")
	}
}

func TestParseConfigErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "modell: [x]", "line 1: unknown key modell"},
		{"unknown hyperparameter", "hyperparameters:\n  lr: 1", "line 2: unknown key lr"},
		{"hyperparameter out of range", "hyperparameters:\n  epochs: 1\n  learning_rate: [1e-5, .inf]", "line 3: learning_rate is +Inf"},
		{"rank that no memory holds", "hyperparameters:\n  lora_rank: 100000000", "line 2: lora_rank is 100000000"},
		{"empty list", "hyperparameters:\n  epochs: []", "line 2: epochs has no value"},
		{"wrong type", "target: yes please", "line 1: cannot unmarshal"},
		{"no YAML", "a: [1", "line 1: did not find expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseConfig([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want %q on one line", err, test.want)
			}
		})
	}
}

// What --print-config prints must read back as the same configuration.
func TestConfigRoundTrip(t *testing.T) {
	config := DefaultConfig()
	config.Models, config.Data, config.Limit, config.MemoryLimit = []string{"a"}, []string{"b"}, List[int]{7}, 1<<30
	config.Hyperparameters = Axes{params.Align: {"paper"}, "mu_max": {0.25, 0.5}, params.Scales: {[]float64{1, 2}, []float64{3}}, params.Epochs: {3}}
	config.Ratio = List[string]{"0.1", "0.2"}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mu_max: [0.25, 0.5]\n", "scales: [[1, 2], [3]]\n", "epochs: 3\n", "ratio: [\"0.1\", \"0.2\"]\n", "target: 1\n", "limit: 7\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	got, err := ParseConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Errorf("got\n%s\nwant\n%s", again, text)
	}
}

func TestReadConfigNamesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte("epochs: 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadConfig(path)
	var hinted *hint.Error
	if err == nil || !strings.Contains(err.Error(), path) || !errors.As(err, &hinted) {
		t.Errorf("got %v", err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("model: [a]\nseeds: [1]\n"))
	f.Add([]byte("hyperparameters: {epochs: 1}"))
	f.Add([]byte("hyperparameters: {scales: [[1, 2], [3]]}\nratio: [0.1, 0.2]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if config, err := ParseConfig(data); err == nil {
			config.Validate()
		}
	})
}
